import { type Server, createServer, request } from 'node:http';

export interface Seen {
  method: string;
  path: string;
  status: number;
}

/** Passes HTTP on to a unix socket and writes down every request with the status of its answer. */
export class RecordingProxy {
  readonly socketPath: string;
  readonly #upstream: string;
  readonly seen: Seen[] = [];
  /** Requests whose answer has not ended. */
  open = 0;
  #server: Server | null = null;

  constructor(socketPath: string, upstream: string) {
    this.socketPath = socketPath;
    this.#upstream = upstream;
  }

  async listen(): Promise<void> {
    this.#server = createServer(async (asked, answer) => {
      this.open++;
      answer.once('close', () => this.open--);
      // In one piece with its head: the engine may answer before a body that comes later, and close.
      const body = Buffer.concat(await asked.toArray() as Buffer[]);
      const onward = request({ socketPath: this.#upstream, method: asked.method, path: asked.url, headers: asked.headers, agent: false }, (given) => {
        this.seen.push({ method: asked.method!, path: asked.url!.split('?')[0]!, status: given.statusCode! });
        answer.writeHead(given.statusCode!, given.headers).flushHeaders();
        given.on('error', () => answer.destroy()).pipe(answer);
      });
      onward.once('error', () => answer.destroy());
      answer.once('close', () => onward.destroy());
      onward.end(body);
    });
    await new Promise<void>((resolve) => this.#server!.listen(this.socketPath, resolve));
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  /** Each kind of request once, as the documentation writes it: `GET /containers/{id}/json`. */
  kinds(): string[] {
    return [...new Set(this.seen.map(({ method, path }) => `${method} ${path.replace(/^\/(containers|exec)\/[^/]+\//, '/$1/{id}/')}`))].toSorted();
  }
}

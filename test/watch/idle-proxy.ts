import { type Server, createServer, connect } from 'node:net';

/** A proxy that cuts every connection on which nothing came back for `idleMs`, as many do after 10 minutes. */
export class IdleProxy {
  readonly socketPath: string;
  readonly #upstream: string;
  readonly #idleMs: number;
  #server: Server | null = null;
  #pairs = new Set<() => void>();
  cuts = 0;

  constructor(socketPath: string, upstream: string, idleMs: number) {
    this.socketPath = socketPath;
    this.#upstream = upstream;
    this.#idleMs = idleMs;
  }

  async listen(): Promise<void> {
    this.#server = createServer((client) => {
      const engine = connect(this.#upstream);
      const end = () => {
        clearTimeout(idle);
        this.#pairs.delete(end);
        client.destroy();
        engine.destroy();
      };
      const idle = setTimeout(() => {
        this.cuts++;
        end();
      }, this.#idleMs);
      this.#pairs.add(end);
      client.on('error', end).on('close', end).pipe(engine);
      engine.on('error', end).on('data', (bytes) => {
        idle.refresh();
        client.write(bytes);
      }).on('end', () => client.end());
    });
    await new Promise<void>((resolve) => this.#server!.listen(this.socketPath, resolve));
  }

  async close(): Promise<void> {
    for (const end of this.#pairs) end();
    await new Promise<void>((resolve) => this.#server!.close(() => resolve()));
  }
}

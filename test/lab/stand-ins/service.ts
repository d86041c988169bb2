import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a stand-in is asked, with the parts of the path that its pattern names. */
export interface Asked {
  params: Record<string, string>;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** The body as it came; `''` when there was none. */
  text: string;
  /** The body as an object; `{}` when it is empty or no JSON object. */
  json: Record<string, unknown>;
}

/** An answer, or `'never'`: the connection stays open and nothing comes, as with a dead renderer. */
export type Answer = { status: number; body: unknown; type?: string } | 'never';
type Handler = (asked: Asked) => Answer | Promise<Answer>;

/** How a whole gateway misbehaves. `slow` waits `ms` and then answers rightly. */
export interface TransportFault {
  kind: 'none' | 'hang' | 'error-500' | 'html-502' | 'close-socket' | 'slow';
  ms?: number;
  /** Only requests whose path contains this text; all when unset. */
  only?: string;
}

export const answer = (status: number, body: unknown): Answer => ({ status, body });

/** Everything below this path belongs to the tests; no real gateway has it. It is never counted and never faulty. */
export const LAB_PREFIX = '/__lab';

const HTML_502 = '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n';

/** A small HTTP server: routes by pattern (`/api/:session/status-session`), counted calls, transport faults. */
export class Service {
  readonly #routes: { method: string; segments: string[]; handler: Handler }[] = [];
  readonly #calls = new Map<string, number>();
  readonly #server: Server;
  #fault: TransportFault = { kind: 'none' };

  constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => send(response, 500, { error: String(error) }));
    });
    this.route('GET', `${LAB_PREFIX}/calls`, () => answer(200, Object.fromEntries(this.#calls)));
    this.route('DELETE', `${LAB_PREFIX}/calls`, () => (this.#calls.clear(), answer(200, {})));
    this.route('POST', `${LAB_PREFIX}/gateway`, ({ json }) => {
      this.#fault = json as unknown as TransportFault;
      return answer(200, this.#fault);
    });
  }

  route(method: string, pattern: string, handler: Handler): void {
    this.#routes.push({ method, segments: pattern.split('/'), handler });
  }

  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(port, host, resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    const found = this.#find(request.method ?? 'GET', url.pathname);
    if (!url.pathname.startsWith(LAB_PREFIX)) {
      this.#count(request.method ?? 'GET', found);
      if (!(await this.#passes(url.pathname, request, response))) return;
    }
    if (!found) return send(response, 404, `<pre>Cannot ${request.method} ${url.pathname}</pre>`, 'text/html; charset=utf-8');
    const text = await readBody(request);
    const given = await found.handler({ params: found.params, query: url.searchParams, headers: request.headers, text, json: asObject(text) });
    if (given !== 'never') send(response, given.status, given.body, given.type);
  }

  #find(method: string, path: string): { handler: Handler; params: Record<string, string>; label: string } | undefined {
    const given = path.split('/');
    for (const { method: wanted, segments, handler } of this.#routes) {
      if (wanted !== method || segments.length !== given.length) continue;
      const params: Record<string, string> = {};
      const fits = segments.every((segment, i) => {
        if (!segment.startsWith(':')) return segment === given[i];
        params[segment.slice(1)] = decodeURIComponent(given[i]!);
        return given[i] !== '';
      });
      if (fits) return { handler, params, label: labelOf(segments, params) };
    }
    return undefined;
  }

  #count(method: string, found: { label: string } | undefined): void {
    const label = `${method} ${found?.label ?? '(no such route)'}`;
    this.#calls.set(label, (this.#calls.get(label) ?? 0) + 1);
  }

  /** False when the transport fault has already dealt with the request. */
  async #passes(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { kind, ms = 0, only } = this.#fault;
    if (kind === 'none' || (only && !path.includes(only))) return true;
    if (kind === 'slow') {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return true;
    }
    if (kind === 'error-500') send(response, 500, { status: 'error', message: 'Internal Server Error' });
    if (kind === 'html-502') send(response, 502, HTML_502, 'text/html');
    if (kind === 'close-socket') request.socket.destroy();
    return false;
  }
}

/** `/api/s1/start-session`, but `/api/:secret/show-all-sessions`: a session is named, a secret is not. */
const labelOf = (segments: string[], params: Record<string, string>): string =>
  segments.map((segment) => (segment === ':session' || segment === ':id' ? params[segment.slice(1)] : segment)).join('/');

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function asObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // the real servers treat an unreadable body like an empty one
  }
}

function send(response: ServerResponse, status: number, body: unknown, type = 'application/json; charset=utf-8'): void {
  if (response.writableEnded || response.destroyed) return;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length }).end(bytes);
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Seen {
  method: string;
  /** As it came over the wire, still encoded. */
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export type Handler = (request: Seen, response: ServerResponse, socket: Socket) => void;

/** A real HTTP server on loopback that ends with the test; `calls` are what it was asked, in order. */
export async function serve(handler: Handler): Promise<{ url: string; address: string; calls: Seen[]; routes(): string[] }> {
  const calls: Seen[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part)).on('end', () => {
      const seen = { method: request.method!, url: request.url!, headers: request.headers, body };
      calls.push(seen);
      handler(seen, response, request.socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `http://${address}`, address, calls, routes: () => calls.map(({ method, url }) => `${method} ${url}`) };
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

export function page(response: ServerResponse, status: number, text = 'Bad Gateway'): void {
  response.writeHead(status, { 'content-type': 'text/html' }).end(`<html><head><title>${text}</title></head><body>nginx</body></html>`);
}

/** The start of a real PNG: signature and header of a 1 x 1 image. */
export const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

/** An address at which nothing listens. */
export async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

/** Retries without waiting: the rules are tested, not the pauses. */
export const AT_ONCE = { retries: 2, firstDelayMs: 0 };

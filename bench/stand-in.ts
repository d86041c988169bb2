import { createServer, request, type Server } from 'node:http';
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Control, until } from '../test/lab/control.ts';
import { startWppconnectServer, type WppServer } from '../test/lab/stand-ins/wppconnect-server.ts';

export const SECRET = 'bench-secret';
const UP_WITHIN_MS = 120_000;

/** The lab's wppconnect-server with many sessions, behind a relay that notes when each request came. */
export class StandIn {
  readonly dir: string;
  readonly #server: WppServer;
  readonly #relay: Server;
  /** `METHOD path` to the time (performance.now) of its first request. */
  readonly arrivals = new Map<string, number>();
  readonly url: string;

  private constructor(dir: string, server: WppServer, relay: Server) {
    this.dir = dir;
    this.#server = server;
    this.#relay = relay;
    this.url = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`;
    relay.on('request', (asked, answer) => {
      const path = `${asked.method} ${asked.url}`;
      if (!this.arrivals.has(path)) this.arrivals.set(path, performance.now());
      const passed = request(`${server.url}${asked.url}`, { method: asked.method, headers: asked.headers }, (given) => {
        answer.writeHead(given.statusCode!, given.headers);
        given.pipe(answer);
      });
      passed.on('error', () => answer.destroy());
      asked.pipe(passed);
    });
  }

  static async start(dir: string, sessions: readonly string[]): Promise<StandIn> {
    mkdirSync(dir, { recursive: true });
    const nowhere = new Writable({ write: (_, __, done) => done() });
    const server = await startWppconnectServer({ port: 0, dir, out: nowhere, secret: SECRET, seed: [...sessions], host: 'bench', pace: { startMs: 20 } });
    const relay = createServer();
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const control = new Control(server.url);
    await until(`${sessions.length} sessions to connect`, async () => (await Promise.all(sessions.map((name) => control.session(name)))).every(({ status }) => status === 'CONNECTED'), UP_WITHIN_MS);
    return new StandIn(dir, server, relay);
  }

  /** What the sidecar is told about it. */
  get settings(): Record<string, string> {
    return { WPPCONNECT_URL: this.url, WPPCONNECT_SECRET_KEY: SECRET, WPPCONNECT_USER_DATA_DIR: join(this.dir, 'userDataDir'), WPPCONNECT_TOKENS_DIR: join(this.dir, 'tokens') };
  }

  async stop(): Promise<void> {
    this.#relay.closeAllConnections();
    this.#relay.close();
    await this.#server.stop();
  }
}

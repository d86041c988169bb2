import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Control, until } from './control.ts';
import { startWppconnectServer, type WppOptions, type WppServer } from './stand-ins/wppconnect-server.ts';

/** A running stand-in with two sessions, and a client of it that knows only its routes. */
export class RunningWpp {
  readonly secret = 'lab-secret';
  readonly dir = mkdtempSync(join(tmpdir(), 'lab-wpp-'));
  /** Everything it printed since it was last started. */
  printed = '';
  /** How often `/unhealthy` ended the process. */
  exits = 0;
  #server: WppServer | null = null;

  /** Starts it, or starts it anew on the same disk. */
  async up(more: Partial<WppOptions> = {}): Promise<void> {
    await this.#server?.stop();
    this.printed = '';
    const out = new Writable({ write: (chunk, _, done) => ((this.printed += String(chunk)), done()) });
    this.#server = await startWppconnectServer({
      port: 0, dir: this.dir, out, secret: this.secret, seed: ['s1', 'Two Words'], host: 'vps', pace: { startMs: 20 }, exit: () => void this.exits++, ...more,
    });
  }

  async upAndConnected(): Promise<void> {
    await this.up();
    await this.becomes('s1', 'CONNECTED');
    await this.becomes('Two Words', 'CONNECTED');
  }

  async down(): Promise<void> {
    await this.#server?.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  get url(): string {
    return this.#server!.url;
  }

  get control(): Control {
    return new Control(this.url);
  }

  async call(method: string, session: string, verb: string, body?: unknown, patienceMs = 5_000): Promise<Response> {
    const name = encodeURIComponent(session);
    const minted = (await (await fetch(`${this.url}/api/${name}/${this.secret}/generate-token`, { method: 'POST' })).json()) as { token: string };
    return fetch(`${this.url}/api/${name}/${verb}`, {
      method, headers: { authorization: `Bearer ${minted.token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(patienceMs),
    });
  }

  close = (session: string): Promise<Response> => this.call('POST', session, 'close-session');
  start = (session: string, body: unknown = {}): Promise<Response> => this.call('POST', session, 'start-session', body);
  status = async (session: string): Promise<string> => ((await (await this.call('GET', session, 'status-session')).json()) as { status: string }).status;
  /** Rejects when no answer comes, as from a dead renderer. */
  probe = async (session: string): Promise<unknown> => (await this.call('GET', session, 'check-connection-session', undefined, 400)).json();
  becomes = (session: string, wanted: string): Promise<unknown> => until(`${session} ${wanted}`, async () => (await this.status(session)) === wanted);
  profile = (session: string): string => join(this.dir, 'userDataDir', session);
  /** How often a text was printed. */
  times = (text: string): number => this.printed.split(text).length - 1;

  unlock(session: string): void {
    for (const name of ['SingletonLock', 'SingletonCookie', 'SingletonSocket']) rmSync(join(this.profile(session), name));
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { testHaproxy, waitFor } from '../lab/engine.ts';
import { statusOf } from './asking.ts';

const CONFIG = join(import.meta.dirname, '../../docs/socket-proxy/haproxy.cfg');

/** The shipped HAProxy configuration, unmodified, on a unix socket in front of an engine's. */
export class Haproxy {
  readonly socketPath: string;
  /** What it logged: the requests it refused. */
  log = '';
  #child: ChildProcess | null = null;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  async start(engineSocket: string, { allowExec }: { allowExec: boolean }): Promise<void> {
    const env = { PATH: process.env.PATH, LISTEN: `unix@${this.socketPath}`, DOCKER_SOCKET: engineSocket, ...(allowExec ? { ALLOW_EXEC: '1' } : {}) };
    // `-db` keeps it in the foreground, as its image does.
    const child = spawn(testHaproxy(), ['-db', '-f', CONFIG], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => void (this.log += text));
    await waitFor(async () => {
      if (child.exitCode !== null) throw new Error(`haproxy ended with ${child.exitCode}: ${this.log}`);
      return (await statusOf(this.socketPath, 'GET', '/_ping')) === 200;
    }, 'haproxy to pass a ping on to the engine', { withinMs: 15_000 });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
}

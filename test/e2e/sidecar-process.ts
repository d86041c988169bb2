import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testSocket, waitFor } from '../lab/engine.ts';
import type { Lab } from '../lab/lab.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const CLI = join(CHECKOUT, 'sidecar/cli.ts');

/** The sidecar as a process of its own beside a lab, with the operator's folder under the lab's data. */
export class SidecarProcess {
  readonly env: Record<string, string>;
  readonly #log: string;
  #child: ChildProcess | null = null;

  constructor(lab: Lab, env: Record<string, string> = {}) {
    const home = join(lab.data, 'sidecar');
    mkdirSync(home, { recursive: true });
    this.#log = join(home, 'logs/auto-fix-sessions.log');
    this.env = {
      PATH: process.env.PATH!, DOCKER_HOST: `unix://${testSocket()}`,
      AUTO_FIX_CONTAINERS: 'wppconnect-server,gateway-wrapper,whaticket-backend',
      AUTO_FIX_LOG_FILE: this.#log, AUTO_FIX_STATE_DIR: join(home, 'state'), AUTO_FIX_BACKUP_DIR: join(home, 'backups'), AUTO_FIX_HTTP: 'off',
      AUTO_FIX_VERIFY_AFTER: '2s',
      WPPCONNECT_URL: lab.url('wppconnect-server'), WPPCONNECT_SECRET_KEY: lab.secrets.wpp,
      WPPCONNECT_USER_DATA_DIR: join(lab.data, 'wppconnect/userDataDir'), WPPCONNECT_TOKENS_DIR: join(lab.data, 'wppconnect/tokens'),
      WPP_GATEWAY_BASE_URL: lab.url('gateway-wrapper'), WPP_GATEWAY_SECRET: lab.secrets.wrapper,
      BACKEND_URL: lab.url('whaticket-backend'), BACKEND_TOKEN: lab.secrets.backend, BAILEYS_SESSIONS_DIR: join(lab.data, 'whaticket/sessions'),
      REDIS_URL: lab.url('redis'),
      ...env,
    };
  }

  /** Starts it and waits until it watches. */
  async start(): Promise<void> {
    const seen = this.log().length;
    const child = spawn(process.execPath, [CLI, 'run'], { env: this.env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    let stderr = '';
    child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk));
    await waitFor(() => {
      if (child.exitCode !== null) throw new Error(`the sidecar ended with ${child.exitCode}: ${stderr}`);
      return this.log().slice(seen).includes('watching container');
    }, 'the sidecar to watch its containers', { withinMs: 30_000 });
  }

  /** Ends it with that signal and resolves with its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill(signal);
    return ended;
  }

  /** The operator's log so far. */
  log(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8') : '';
  }

  async says(words: string | RegExp, withinMs = 60_000): Promise<string> {
    const line = await waitFor(
      () => this.log().split('\n').find((one) => (typeof words === 'string' ? one.includes(words) : words.test(one))),
      `the log to say ${words}; it says:\n${this.log()}`, { withinMs },
    );
    return line;
  }

  /** Runs a command with the same settings. */
  async command(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, [CLI, ...args], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, stdout, stderr };
  }
}

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testSocket, waitFor } from '../lab/engine.ts';
import type { Lab, LabService } from '../lab/lab.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const CLI = join(CHECKOUT, 'sidecar/cli.ts');

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The sidecar as a process of its own beside a lab, with the operator's folder under the lab's data. */
export class SidecarProcess {
  readonly env: Record<string, string>;
  readonly home: string;
  /** Its JSON lines, all starts together. */
  stdout = '';
  readonly #log: string;
  #child: ChildProcess | null = null;

  constructor(lab: Lab, env: Record<string, string> = {}) {
    this.home = join(lab.data, 'sidecar');
    mkdirSync(this.home, { recursive: true });
    this.#log = join(this.home, 'logs/auto-fix-sessions.log');
    this.env = {
      PATH: process.env.PATH!, DOCKER_HOST: `unix://${testSocket()}`,
      AUTO_FIX_LOG_FILE: this.#log, AUTO_FIX_STATE_DIR: join(this.home, 'state'), AUTO_FIX_BACKUP_DIR: join(this.home, 'backups'), AUTO_FIX_HTTP: 'off',
      // Looks that come by the clock would make other tests depend on it.
      AUTO_FIX_VERIFY_AFTER: '2s', AUTO_FIX_SETTLE: '1s', AUTO_FIX_HEALTH_EVERY: 'off',
      ...settingsOf(lab), ...env,
    };
  }

  /** Starts it and waits until it watches and answers commands. */
  async start(): Promise<void> {
    const seen = this.mark();
    const child = spawn(process.execPath, [CLI, 'run'], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let stderr = '';
    child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk));
    child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk));
    await waitFor(() => {
      if (child.exitCode !== null) throw new Error(`the sidecar ended with ${child.exitCode}: ${stderr}`);
      return this.log(seen).includes('] ready ');
    }, 'the sidecar to be ready', { withinMs: 30_000 });
  }

  /** Ends it with that signal and resolves with its exit code; null when it was killed or never ran. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    child.kill(signal);
    return ended;
  }

  /** The operator's log, from a mark on. */
  log(since = 0): string {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8').slice(since) : '';
  }

  /** How long the log is now: what is said from here on is `log(mark)`. */
  mark(): number {
    return this.log().length;
  }

  /** Waits for a line of the log, from a mark on, and resolves with it. */
  async says(words: string | RegExp, since = 0): Promise<string> {
    const fits = (line: string) => (typeof words === 'string' ? line.includes(words) : words.test(line));
    return waitFor(() => this.log(since).split('\n').find(fits), `the log to say ${words}`).catch((error: Error) => {
      throw new Error(`${error.message}; it says:\n${this.log(since)}`);
    });
  }

  /** Runs a command with the same settings, or others. */
  async command(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
    const child = spawn(process.execPath, [CLI, ...args], { env: { ...this.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, stdout, stderr };
  }

  /** What the running sidecar counts for a session now. */
  async hits(session: string): Promise<{ corruption: number; disconnect: number }> {
    const { stdout, stderr } = await this.command(['status', '--json']);
    if (!stdout) throw new Error(stderr);
    const { sessions } = JSON.parse(stdout) as { sessions: { id: string; hits: { corruption: number; disconnect: number } }[] };
    return sessions.find(({ id }) => id === session)!.hits;
  }
}

/** What an operator would set who runs it on the host, for the services of the lab that run. Containers by their own names: other stacks on this engine have the same services. */
function settingsOf(lab: Lab): Record<string, string> {
  const of: Record<LabService, (url: string) => Record<string, string>> = {
    'wppconnect-server': (url) => ({
      WPPCONNECT_URL: url, WPPCONNECT_SECRET_KEY: lab.secrets.wpp,
      WPPCONNECT_USER_DATA_DIR: join(lab.data, 'wppconnect/userDataDir'), WPPCONNECT_TOKENS_DIR: join(lab.data, 'wppconnect/tokens'),
    }),
    'gateway-wrapper': (url) => ({ WPP_GATEWAY_BASE_URL: url, WPP_GATEWAY_SECRET: lab.secrets.wrapper }),
    'whaticket-backend': (url) => ({ BACKEND_URL: url, BACKEND_TOKEN: lab.secrets.backend, BAILEYS_SESSIONS_DIR: join(lab.data, 'whaticket/sessions') }),
    redis: (url) => ({ REDIS_URL: url }),
    'auto-fix-sessions': () => ({}),
  };
  const running = (Object.keys(of) as LabService[]).filter((service) => lab.runs(service));
  return {
    AUTO_FIX_CONTAINERS: running.filter((service) => service !== 'redis').map((service) => lab.containerOf(service)).join(','),
    ...Object.assign({}, ...running.map((service) => of[service](lab.url(service)))),
  };
}

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DATABASE_FILE } from '../../sidecar/state/database.ts';

const CLI = join(import.meta.dirname, '../../sidecar/cli.ts');
/** The number whose trouble the writers print; its folder makes it a known session, no backend is needed for that. */
const SESSION = '26';
const NO_BACKEND = 'http://127.0.0.1:9';

/** What a host program prints for one message that could not be decrypted; `id` names the message and is one hit. */
export const hitLine = (id: string): string => `ERROR [wbot] whatsappId=${SESSION} error: Invalid PreKey ID (msg ${id})`;
const HIT = /Invalid PreKey ID \(msg (\w+)\)$/;

/** The messages that such lines tell of. */
export const hitsIn = (lines: Iterable<string>): Set<string> => new Set([...lines].flatMap((line) => HIT.exec(line)?.[1] ?? []));

/** The real sidecar as a process of its own on the same stream, killed from outside: what counts is what its database holds. */
export class KilledSidecar {
  readonly #env: Record<string, string>;
  readonly #state: string;
  #child: ChildProcess | null = null;
  /** What it said on stderr, all starts together: a crash of its own would stand there. */
  stderr = '';

  constructor(folder: string, dockerHost: string, containers: readonly string[]) {
    this.#state = join(folder, 'state');
    const sessions = join(folder, 'sessions');
    mkdirSync(join(sessions, '1', SESSION), { recursive: true });
    writeFileSync(join(sessions, '1', SESSION, 'creds.json'), '{}');
    this.#env = {
      PATH: process.env.PATH!, DOCKER_HOST: dockerHost, AUTO_FIX_CONTAINERS: containers.join(','), AUTO_FIX_DRY_RUN: 'true', AUTO_FIX_HTTP: 'off', AUTO_FIX_HEALTH_EVERY: 'off',
      AUTO_FIX_STATE_DIR: this.#state, AUTO_FIX_BACKUP_DIR: join(folder, 'backups'), AUTO_FIX_LOG_FILE: join(folder, 'auto-fix-sessions.log'), BAILEYS_SESSIONS_DIR: sessions, BACKEND_URL: NO_BACKEND,
    };
  }

  start(): void {
    const child = spawn(process.execPath, [CLI, 'run'], { env: this.#env, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk));
    this.#child = child;
  }

  /** Resolves when the process is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  /** It ended by itself: nothing in a torture is a reason for that. */
  get hasLeft(): boolean {
    return this.#child !== null && this.#child.exitCode !== null;
  }

  /** Messages whose hit is stored. */
  stored(): Set<string> {
    if (!existsSync(join(this.#state, DATABASE_FILE))) return new Set();
    const database = new DatabaseSync(join(this.#state, DATABASE_FILE), { readOnly: true, timeout: 5_000 });
    try {
      return new Set(database.prepare("SELECT cause FROM hits WHERE session = ? AND class = 'corruption'").all(SESSION).map(({ cause }) => String(cause).replace(/^key:/, '')));
    } finally {
      database.close();
    }
  }
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testSocket, waitFor } from '../test/lab/engine.ts';
import { CHECKOUT, ENVIRONMENT, FLAGS } from './us.ts';

/** Clock ticks per second in /proc, the same on every Linux that Node runs on. */
const TICKS_PER_S = 100;

/** The real sidecar as a process of its own, with its folders below `home`. */
export class RunningSidecar {
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid!;
  }

  /** Resolves when it watches its containers. */
  static async start(home: string, containers: readonly string[], settings: Record<string, string>): Promise<RunningSidecar> {
    mkdirSync(home, { recursive: true });
    const log = join(home, 'auto-fix.log');
    const child = spawn(process.execPath, [...FLAGS, join(CHECKOUT, 'sidecar/cli.ts'), 'run'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...ENVIRONMENT, PATH: process.env.PATH!, DOCKER_HOST: `unix://${testSocket()}`, AUTO_FIX_CONTAINERS: containers.join(','), AUTO_FIX_LOG_FILE: log,
        AUTO_FIX_STATE_DIR: join(home, 'state'), AUTO_FIX_BACKUP_DIR: join(home, 'backups'), AUTO_FIX_HTTP: 'off', AUTO_FIX_MASS_FAILURE: 'off', ...settings,
      },
    });
    const ready = (): boolean => existsSync(log) && containers.every((name) => readFileSync(log, 'utf8').includes(`watching container ${name}`));
    await waitFor(() => {
      if (child.exitCode !== null) throw new Error(`the sidecar ended with ${child.exitCode}`);
      return ready();
    }, 'the sidecar to watch', { withinMs: 60_000 });
    return new RunningSidecar(child);
  }

  /** CPU seconds so far. */
  get cpuS(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
  }

  /** Resident memory now and at its peak, MB. */
  get memory(): { nowMb: number; peakMb: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const kb = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)![1]);
    return { nowMb: kb('VmRSS') / 1024, peakMb: kb('VmHWM') / 1024 };
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }
}

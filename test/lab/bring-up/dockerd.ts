import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../../.ci/lock.mjs';
import { engineVersion } from './ping.ts';
import { which } from './shell.ts';

export interface DockerdPlace {
  /** Below 108 bytes, the kernel's limit for a unix socket. */
  socket: string;
  dataRoot: string;
  execRoot: string;
  pidFile: string;
  logFile: string;
}

/** Seen: 1-3 s on an idle machine; two busy cores and a cold disk take longer. */
const START_MS = 60_000;
/** dockerd gives its containers 15 s before it kills them, then ends itself. */
const STOP_MS = 30_000;

/** One engine process in a session of its own, found again by its pid file. */
export class Dockerd {
  readonly place: DockerdPlace;

  constructor(place: DockerdPlace) {
    this.place = place;
  }

  /** Resolves when the engine answers; throws with the last lines of its log when it does not. */
  async start(): Promise<void> {
    const { socket, dataRoot, execRoot, pidFile, logFile } = this.place;
    const binary = which('dockerd');
    if (!binary) throw new Error('dockerd is missing: install the package docker.io');
    for (const folder of [dataRoot, execRoot, dirname(socket), dirname(pidFile), dirname(logFile)]) mkdirSync(folder, { recursive: true });
    this.forgetTheDead();
    const log = openSync(logFile, 'a');
    const child = spawn(binary, ['-H', `unix://${socket}`, '--data-root', dataRoot, '--exec-root', execRoot, '--pidfile', pidFile], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    let ended: string | null = null;
    child.once('error', (error) => (ended = error.message));
    child.once('exit', (code, signal) => (ended = `it ended with ${signal ?? `code ${code}`}`));
    for (const until = Date.now() + START_MS; ; await sleep(100)) {
      if ((await engineVersion(socket)) !== null && this.pid() !== null) break;
      if (ended !== null) throw new Error(`dockerd did not start (${ended}): ${this.lastWords()}`);
      if (Date.now() > until) {
        child.kill('SIGKILL');
        throw new Error(`dockerd did not answer within ${START_MS / 1000} s: ${this.lastWords()}`);
      }
    }
    child.unref();
  }

  /** The engine's process id, or null when it does not run. */
  pid(): number | null {
    if (!existsSync(this.place.pidFile)) return null;
    const pid = Number(readFileSync(this.place.pidFile, 'utf8'));
    return pid > 0 && isAlive(pid) && commandOf(pid).includes('dockerd') ? pid : null;
  }

  /**
   * Sends a signal and resolves when the process is gone, and with it its containerd: a dockerd started while that one
   * is dying waits 15 s for it and gives up. False when they live on after the deadline.
   */
  async end(signal: 'SIGTERM' | 'SIGKILL', deadlineMs = STOP_MS): Promise<boolean> {
    const pid = this.pid();
    if (pid === null) return true;
    process.kill(pid, signal);
    for (const until = Date.now() + deadlineMs; Date.now() < until; await sleep(50)) {
      if (this.pid() === null && !this.containerdRuns()) return true;
    }
    return false;
  }

  /** Ends the engine in order, by force when it does not obey. */
  async stop(): Promise<void> {
    if (!(await this.end('SIGTERM'))) await this.end('SIGKILL');
  }

  /**
   * Pid files of a killed engine may by now name some other process, or a zombie where nobody collects them: dockerd
   * 20.10 then refuses to start, or waits for a containerd that is no more.
   */
  private forgetTheDead(): void {
    if (this.pid() === null) rmSync(this.place.pidFile, { force: true });
    if (!this.containerdRuns()) rmSync(this.containerdPidFile(), { force: true });
  }

  private containerdRuns(): boolean {
    const pidFile = this.containerdPidFile();
    return existsSync(pidFile) && commandOf(Number(readFileSync(pidFile, 'utf8'))).includes('containerd');
  }

  private containerdPidFile(): string {
    return join(this.place.execRoot, 'containerd/containerd.pid');
  }

  private lastWords(): string {
    const { logFile } = this.place;
    const lines = existsSync(logFile) ? readFileSync(logFile, 'utf8').trim().split('\n') : [];
    return `${lines.slice(-3).join(' | ')} (all of it in ${logFile})`;
  }
}

/** A zombie has no command line any more: it counts as gone. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { ChromiumProfile } from './chromium-profile.ts';

/** Why Chromium does not start on a profile. */
export type LaunchRefusal = { lockedBy: { host: string; pid: number } } | 'already-running';

/** Blocks until its stdin closes, so that no browser outlives the test that made it; costs a shell, not a browser. */
const SCRIPT = 'read _';

/** A real process with a browser's command line: what matters to the outside is that it can be found and ended. */
export class Browser {
  readonly pid: number;
  readonly #child: ChildProcess;
  #gone = false;

  private constructor(child: ChildProcess, onExit: () => void) {
    this.#child = child;
    this.pid = child.pid!;
    child.once('exit', () => {
      this.#gone = true;
      onExit();
    });
  }

  /**
   * Opens the profile as Chromium does: another host's lock refuses it, a live holder of this host refuses it, a stale lock of this host
   * is taken over. Two browsers on one profile (the lock was unlinked under a live one) ruin its login.
   */
  static launch(profile: ChromiumProfile, host: string, onExit: () => void): Browser | LaunchRefusal {
    const holder = profile.lockedBy();
    if (holder && holder.host !== host) return { lockedBy: holder };
    const running = browsersOn(profile.dir);
    if (holder && running.length > 0) return 'already-running';
    const args = ['-c', SCRIPT, 'chromium', '--headless=new', '--no-sandbox', `--user-data-dir=${profile.dir}`, '--remote-debugging-port=0'];
    const child = spawn('/bin/sh', args, { stdio: ['pipe', 'ignore', 'ignore'], argv0: '/usr/lib/chromium/chromium' });
    profile.open();
    if (running.length > 0) profile.corrupt('login');
    profile.lock(host, child.pid!);
    return new Browser(child, onExit);
  }

  get isGone(): boolean {
    return this.#gone;
  }

  /** SIGKILL; resolves when the process is gone. Locks stay behind, as after any unclean end. */
  async kill(): Promise<void> {
    if (this.#gone) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }

  freeze(): void {
    this.#child.kill('SIGSTOP');
  }
}

/** Pids of live browsers whose command line holds exactly this `--user-data-dir`. */
export function browsersOn(dir: string): number[] {
  const wanted = `--user-data-dir=${dir}`;
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => commandLine(pid).includes(wanted));
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'); // empty for a zombie
  } catch {
    return []; // it ended meanwhile
  }
}

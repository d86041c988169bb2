import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../engine.ts';

/** Often enough that lines come one by one before the eyes. */
const LOOK_EVERY_MS = 50;
/** The longest step of the demo's paces takes a tenth of it; a machine may be busy. */
const PATIENCE_MS = 60_000;

/** `tail -f` of the sidecar's log file: hands on every line as it comes. */
export class OperatorsLog {
  readonly lines: string[] = [];
  readonly #path: string;
  readonly #show: (line: string) => void;
  #fd: number | null = null;
  #rest = '';
  #ended = false;
  readonly #following: Promise<void>;

  constructor(path: string, show: (line: string) => void) {
    this.#path = path;
    this.#show = show;
    this.#following = this.#follow();
  }

  /** The first line that matches, behind the first `after` ones; waits for it. */
  says(what: RegExp, after = 0): Promise<string> {
    return waitFor(() => this.lines.slice(after).find((line) => what.test(line)), `the log to say ${String(what)}`, { withinMs: PATIENCE_MS, everyMs: LOOK_EVERY_MS });
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#following;
    if (this.#fd !== null) closeSync(this.#fd);
  }

  /** Hands on at once what stands in the file by now. */
  catchUp(): void {
    if (this.#fd === null && !existsSync(this.#path)) return;
    this.#fd ??= openSync(this.#path, 'r');
    const piece = Buffer.alloc(64 * 1024);
    for (let bytes = 0; (bytes = readSync(this.#fd, piece)) > 0; ) this.#rest += piece.toString('utf8', 0, bytes);
    const complete = this.#rest.split('\n');
    this.#rest = complete.pop()!;
    for (const line of complete) {
      this.lines.push(line);
      this.#show(line);
    }
  }

  async #follow(): Promise<void> {
    for (;;) {
      const last = this.#ended;
      this.catchUp();
      if (last) return;
      await sleep(LOOK_EVERY_MS);
    }
  }
}

import { writeSync } from 'node:fs';
import { pino, type Logger } from 'pino';

export type Level = 'info' | 'warn' | 'error';

/** A pipe whose reader is slow is tried again for this long before the line is given up: repairs matter more. */
const RETRIES = 20;
const RETRY_MS = 5;

/** JSON lines for machines, on stdout. Never throws: a closed pipe or a full disk behind it is counted, not fatal. */
export class JsonOut {
  #lost = 0;
  readonly #fd: number;
  readonly #pino: Logger;

  constructor(fd: number = 1) {
    this.#fd = fd;
    this.#pino = pino(
      { base: null, timestamp: false, messageKey: 'msg', formatters: { level: (label) => ({ level: label }) } },
      { write: (line: string) => this.#write(line) },
    );
  }

  /** `{"level":"info","time":"2026-02-09T10:14:03.120Z","session":"pixel12digital",…,"msg":"…"}` */
  line(level: Level, time: string, fields: Record<string, unknown>, message: string): void {
    this.#pino[level]({ time, ...fields }, message);
  }

  /** Lines that could not be written whole. */
  lost(): number {
    return this.#lost;
  }

  #write(line: string): void {
    const bytes = Buffer.from(line);
    let written = 0;
    for (let tries = 0; written < bytes.length; ) {
      try {
        written += writeSync(this.#fd, bytes, written);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || ++tries > RETRIES) {
          this.#lost++;
          return;
        }
        pause(RETRY_MS);
      }
    }
  }
}

/** Waits without giving the thread away, as `writeSync` itself does on a blocking pipe. */
const pause = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

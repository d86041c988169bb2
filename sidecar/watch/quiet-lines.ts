import { Controls } from './controls.ts';
import { mayHoldPartStamps } from './lines.ts';
import type { Sieve } from './sieve.ts';
import { StampReader } from './stamp-reader.ts';
import { STAMP_LENGTH } from './stamp.ts';

const NEWLINE = 10;
const SPACE = 32;
/** In place of a second: the line has to be decoded. */
export const TO_BE_DECODED = -1;

/** Event times of lines: whole seconds since the epoch, and nanoseconds. */
export interface Times {
  seconds: number[];
  nanos: number[];
}

/** About what a recording hands over at once. */
const FIRST_SCRATCH = 128 * 1024;

/**
 * Sorts the lines of a recording by their bytes: quiet ones, of which only the time is taken, and those that have to be
 * decoded, because the sieve caught them or because anything about them is not as usual.
 */
export class QuietLines {
  readonly #sieve: Sieve;
  readonly #bound: number;
  readonly #controls = new Controls();
  readonly #stamps = new StampReader();
  #scratch = Buffer.allocUnsafe(FIRST_SCRATCH);
  #filled = 0;

  /** `bound`: longer texts would be cut. */
  constructor(sieve: Sieve, bound: number) {
    this.#sieve = sieve;
    this.#bound = bound;
  }

  /** The times of the lines of `[start, end)`. Those `TO_BE_DECODED` stand in `others`. */
  sort(bytes: Buffer, start: number, end: number): Times {
    const times: Times = { seconds: [], nanos: [] };
    this.#controls.begin(bytes);
    this.#filled = 0;
    for (let at = start; at < end; ) {
      const newline = bytes.indexOf(NEWLINE, at);
      const lineEnd = newline === -1 || newline >= end ? end : newline;
      const quiet = this.#isQuiet(bytes, at, lineEnd);
      if (!quiet) this.#keep(bytes, at, lineEnd);
      times.seconds.push(quiet ? this.#stamps.second : TO_BE_DECODED);
      times.nanos.push(this.#stamps.nanos);
      at = lineEnd + 1;
    }
    return times;
  }

  /** What the last `sort` did not find quiet: whole lines with their ends, until the next one. */
  get others(): Buffer {
    return this.#scratch.subarray(0, this.#filled);
  }

  #isQuiet(bytes: Buffer, start: number, end: number): boolean {
    const text = start + STAMP_LENGTH + 1;
    if (text > end || bytes[text - 1] !== SPACE || end - text > this.#bound || !this.#stamps.read(bytes, start)) return false;
    if (this.#sieve.catches(bytes, text, end, !this.#controls.within(bytes, text, end))) return false;
    return !mayHoldPartStamps(bytes, text, end, () => bytes.toString('latin1', start, text - 1));
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const filled = this.#filled + end - start + 1;
    if (filled > this.#scratch.length) this.#scratch = Buffer.concat([this.#scratch], 2 * filled);
    bytes.copy(this.#scratch, this.#filled, start, end);
    this.#scratch[filled - 1] = NEWLINE;
    this.#filled = filled;
  }
}

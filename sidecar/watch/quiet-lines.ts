import { realClock } from '../clock.ts';
import { Glance, type Kind, QUIET, type Sought, TO_BE_DECODED } from './glance.ts';
import { mayHoldPartStamps } from './lines.ts';
import { endOfLine } from './splitter.ts';
import { StampReader } from './stamp-reader.ts';
import { STAMP_LENGTH } from './stamp.ts';

const NEWLINE = 10;
const SPACE = 32;
/** About what a recording hands over at once. */
const FIRST_SCRATCH = 128 * 1024;

/**
 * Sorts the lines of a recording by their bytes: quiet ones, of which only the time is taken, signs of life, and those
 * that have to be decoded, because the sieve caught them or because anything about them is not as usual.
 */
export class QuietLines {
  /** By line of the last `sort`; what stands behind its lines is older. */
  readonly kinds: Kind[] = [];
  /** Event times: whole seconds since the epoch, and nanoseconds. Those of lines to be decoded mean nothing. */
  readonly seconds: number[] = [];
  readonly nanos: number[] = [];
  readonly #glance: Glance;
  readonly #bound: number;
  readonly #stamps = new StampReader();
  #scratch = Buffer.allocUnsafe(FIRST_SCRATCH);
  #filled = 0;
  #lineEnd = 0;

  /** `bound`: longer texts would be cut. */
  constructor(sought: Sought, bound: number) {
    this.#glance = new Glance(sought, realClock);
    this.#bound = bound;
  }

  /** Sorts the lines of `[start, end)` and returns how many they are. Those `TO_BE_DECODED` stand in `others`. */
  sort(bytes: Buffer, start: number, end: number): number {
    let lines = 0;
    this.#filled = 0;
    for (let at = start; at < end; lines++) {
      const kind = this.#kindOf(bytes, at, end);
      if (kind === TO_BE_DECODED) this.#keep(bytes, at, this.#lineEnd);
      this.kinds[lines] = kind;
      this.seconds[lines] = this.#stamps.second;
      this.nanos[lines] = this.#stamps.nanos;
      at = this.#lineEnd + 1;
    }
    return lines;
  }

  /** What the last `sort` found to be decoded: whole lines with their ends, until the next one. */
  get others(): Buffer {
    return this.#scratch.subarray(0, this.#filled);
  }

  /** Of the line that begins at `start`; its end is found on the way. */
  #kindOf(bytes: Buffer, start: number, end: number): Kind {
    const text = start + STAMP_LENGTH + 1;
    const stamped = text < end && bytes[text - 1] === SPACE && this.#stamps.read(bytes, start);
    const kind = stamped ? this.#glance.at(bytes, text, end) : TO_BE_DECODED;
    this.#lineEnd = stamped ? this.#glance.end : endOfLine(bytes, start, end);
    if (this.#lineEnd - text > this.#bound) return TO_BE_DECODED;
    return kind === QUIET && mayHoldPartStamps(bytes, text, this.#lineEnd, () => bytes.toString('latin1', start, text - 1)) ? TO_BE_DECODED : kind;
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const filled = this.#filled + end - start + 1;
    if (filled > this.#scratch.length) this.#scratch = Buffer.concat([this.#scratch], 2 * filled);
    bytes.copy(this.#scratch, this.#filled, start, end);
    this.#scratch[filled - 1] = NEWLINE;
    this.#filled = filled;
  }
}

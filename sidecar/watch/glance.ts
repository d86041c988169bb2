import type { Clock } from '../clock.ts';
import type { Sign } from '../words.ts';
import { Sieve } from './sieve.ts';
import { endOfLine } from './splitter.ts';

/** What the receiver of lines looks for: a line without any of it is needed for its time alone. */
export interface Sought {
  words: Iterable<string>;
  /** Lines that are read from their bytes, from `start` on; `limit` may stand behind several lines. Null: none is. */
  signs: { read(bytes: Buffer, start: number, limit: number): Sign | null } | null;
  /** Words that are news only behind a line with one of the words `after`, and for so long (ms, by the clock). */
  sequel?: { after: readonly string[]; words: readonly string[]; forMs: number };
}

/** What a line is: a sign of life, one that nobody looks for, or one whose text has to be read. */
export type Kind = Sign | typeof QUIET | typeof TO_BE_DECODED;
export const QUIET = null;
export const TO_BE_DECODED = undefined;

const NOT_QUIET = -1;

/** One look at a line's bytes: what it is, and where it ends. */
export class Glance {
  /** The newline of the line last looked at, or the limit where it has none. */
  end = 0;
  readonly #sieve: Sieve;
  readonly #signs: Sought['signs'];
  readonly #sequel: Sequel | null;

  constructor({ words, signs, sequel }: Sought, clock: Clock) {
    this.#sieve = new Sieve(words);
    this.#signs = signs;
    this.#sequel = sequel ? new Sequel([...words], sequel, clock) : null;
  }

  /** Of the line whose text begins at `start`. */
  at(bytes: Buffer, start: number, limit: number): Kind {
    const sign = this.#signs?.read(bytes, start, limit) ?? null;
    const sieve = this.#sequel?.sieve ?? this.#sieve;
    const quietEnd = sign === null ? sieve.endOfQuiet(bytes, start, limit) : NOT_QUIET;
    this.end = quietEnd === NOT_QUIET ? endOfLine(bytes, start, limit) : quietEnd;
    if (sign !== null) return sign;
    if (quietEnd !== NOT_QUIET) return QUIET;
    this.#sequel?.meet(bytes, start, limit);
    return TO_BE_DECODED;
  }
}

/** Knows whether the words of a sequel are news now. */
class Sequel {
  readonly #begins: Sieve;
  readonly #withSequel: Sieve;
  readonly #forMs: number;
  readonly #clock: Clock;
  #newsUntil: number | null = null;

  constructor(words: readonly string[], sequel: NonNullable<Sought['sequel']>, clock: Clock) {
    this.#begins = new Sieve(sequel.after);
    this.#withSequel = new Sieve([...words, ...sequel.words]);
    this.#forMs = sequel.forMs;
    this.#clock = clock;
  }

  /** What to use in place of the usual one; null where that does. */
  get sieve(): Sieve | null {
    if (this.#newsUntil === null) return null;
    if (this.#clock.now() < this.#newsUntil) return this.#withSequel;
    this.#newsUntil = null;
    return null;
  }

  /** A line that somebody has to read. */
  meet(bytes: Buffer, start: number, limit: number): void {
    if (this.#begins.endOfQuiet(bytes, start, limit) === NOT_QUIET) this.#newsUntil = this.#clock.now() + this.#forMs;
  }
}

import type { Sign } from '../words.ts';
import { Sieve } from './sieve.ts';

/** What the receiver of lines looks for: a line without any of it is needed for its time alone. */
export interface Sought {
  words: Iterable<string>;
  /** Lines that are read from their bytes, from `start` on; `limit` may stand behind several lines. Null: none is. */
  signs: { read(bytes: Buffer, start: number, limit: number): Sign | null } | null;
}

/** What a line is: a sign of life, one that nobody looks for, or one whose text has to be read. */
export type Kind = Sign | typeof QUIET | typeof TO_BE_DECODED;
export const QUIET = null;
export const TO_BE_DECODED = undefined;

const NEWLINE = 10;
const NOT_QUIET = -1;

/** One look at a line's bytes: what it is, and where it ends. */
export class Glance {
  /** The newline of the line last looked at, or the limit where it has none. */
  end = 0;
  readonly #sieve: Sieve;
  readonly #signs: Sought['signs'];

  constructor({ words, signs }: Sought) {
    this.#sieve = new Sieve(words);
    this.#signs = signs;
  }

  /** Of the line whose text begins at `start`. */
  at(bytes: Buffer, start: number, limit: number): Kind {
    const sign = this.#signs?.read(bytes, start, limit) ?? null;
    const quietEnd = sign === null ? this.#sieve.endOfQuiet(bytes, start, limit) : NOT_QUIET;
    this.end = quietEnd === NOT_QUIET ? endOfLine(bytes, start, limit) : quietEnd;
    return sign ?? (quietEnd === NOT_QUIET ? TO_BE_DECODED : QUIET);
  }
}

export function endOfLine(bytes: Buffer, start: number, limit: number): number {
  const newline = bytes.indexOf(NEWLINE, start);
  return newline === -1 || newline >= limit ? limit : newline;
}

import { undress } from './undress.ts';

/** Longer lines with colours in them are rare: they are caught unseen. */
const LONGEST_UNDRESSED = 16 * 1024;
/** What decoding makes of invalid bytes: no bytes to search for. */
const INVALID = '\ufffd';
/** The list of places of a pair that stands in no word's beginning. */
const NONE = 0;

/** A word, and how far from its beginning a pair of bytes stands in it. */
interface Place {
  word: Buffer;
  offset: number;
}

/**
 * Tells from a line's bytes whether its text is worth having: false is certain, true means that somebody has to look.
 *
 * The shortest word has `width` bytes, so of the pairs of adjoining bytes every `width - 1`th falls into the beginning of
 * any word that stands there. Only those pairs are looked at, and compared further where a word's beginning has such a pair.
 */
export class Sieve {
  readonly #words: readonly Buffer[];
  /** Bytes from one pair to the next; 0 when the words are too short, or cannot be searched for in bytes. */
  readonly #stride: number;
  /** By pair of bytes: which list of places. */
  readonly #placesOf = new Uint16Array(0x10000);
  readonly #places: Place[][] = [[]];
  readonly #undressed = Buffer.allocUnsafe(LONGEST_UNDRESSED);

  constructor(words: Iterable<string>) {
    const all = [...new Set(words)];
    this.#words = all.map((word) => Buffer.from(word));
    this.#stride = all.some((word) => word.includes(INVALID)) ? 0 : Math.max(0, Math.min(...this.#words.map((word) => word.length)) - 1);
    for (const word of this.#words) for (let offset = 0; offset < this.#stride; offset++) this.#enter({ word, offset });
  }

  /** `plain`: there is nothing to clean (see `Controls`). */
  catches(bytes: Buffer, start: number, end: number, plain: boolean): boolean {
    if (this.#stride === 0 || this.#words.length === 0) return this.#words.length > 0;
    if (plain) return this.#finds(bytes, start, end);
    if (end - start > LONGEST_UNDRESSED) return true;
    const length = undress(bytes, start, end, this.#undressed);
    return length === -1 || this.#finds(this.#undressed, 0, length);
  }

  #enter(place: Place): void {
    const pair = (place.word[place.offset]! << 8) | place.word[place.offset + 1]!;
    const list = this.#placesOf[pair]!;
    if (list === NONE) this.#placesOf[pair] = this.#places.push([place]) - 1;
    else this.#places[list]!.push(place);
  }

  #finds(bytes: Buffer, start: number, end: number): boolean {
    const listOf = this.#placesOf;
    const stride = this.#stride;
    let at = start + stride - 1;
    // Four pairs with one question: three times as fast as four questions.
    for (let next = at + 4 * stride; next < end; at = next, next += 4 * stride) {
      const second = at + stride;
      const third = second + stride;
      const fourth = third + stride;
      const any = listOf[(bytes[at]! << 8) | bytes[at + 1]!]! | listOf[(bytes[second]! << 8) | bytes[second + 1]!]!
        | listOf[(bytes[third]! << 8) | bytes[third + 1]!]! | listOf[(bytes[fourth]! << 8) | bytes[fourth + 1]!]!;
      if (any !== NONE && this.#findsAt(bytes, at, next, start, end)) return true;
    }
    return this.#findsAt(bytes, at, end - 1, start, end);
  }

  /** With one of the pairs from `from` on, before `to`. */
  #findsAt(bytes: Buffer, from: number, to: number, start: number, end: number): boolean {
    for (let at = from; at < to; at += this.#stride) {
      const list = this.#placesOf[(bytes[at]! << 8) | bytes[at + 1]!]!;
      if (list !== NONE && anyStands(this.#places[list]!, bytes, at, start, end)) return true;
    }
    return false;
  }
}

// No closures: one that captured the loop's variable would make an object of every step.
function anyStands(places: readonly Place[], bytes: Buffer, at: number, start: number, end: number): boolean {
  for (const { word, offset } of places) {
    const from = at - offset;
    if (from >= start && from + word.length <= end && standsAt(word, bytes, from)) return true;
  }
  return false;
}

function standsAt(word: Buffer, bytes: Buffer, from: number): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[from + i] !== word[i]) return false;
  return true;
}

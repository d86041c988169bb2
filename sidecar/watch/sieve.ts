import { endOfLine } from './splitter.ts';
import { endOfSequence, undress } from './undress.ts';

/** Longer lines with a word that a sequence may part are rare: they are caught unseen. */
const LONGEST_UNDRESSED = 16 * 1024;
/** What decoding makes of invalid bytes: no bytes to search for. */
const INVALID = '\ufffd';
const CAUGHT = -1;

const NEWLINE = 0x0a;
const CR = 0x0d;
const ESC = 0x1b;
/** CSI as one character ends in this byte; other characters do too. */
const CSI = 0x9b;
const NO_BYTE = -1;

/** Bytes that are read at once, and how many of them tell groups apart. */
const READ = 4;
const GROUP = 3;
const OF_A_GROUP = 0xff_ff_ff;
/** Groups are marked by so many bits of a product with this number; few enough that all marks stay in the nearest cache. */
const BITS = 14;
const SPREAD = 0x9e37_79b1;
const UNMARKED = 0;
/** Four spaces, and the highest bit of four bytes: with them one subtraction finds control characters and what is not ASCII. */
const SPACES = 0x20_20_20_20;
const HIGHEST_BITS = 0x80_80_80_80;

/** A word, and how far from its beginning a group of bytes stands in it. */
interface Place {
  word: Buffer;
  offset: number;
}

/**
 * Tells from a line's bytes whether its text is worth having, and finds its end on the way: "quiet" is certain, anything
 * else means that somebody has to look.
 *
 * The shortest word has `width` bytes, so of the groups of three adjoining bytes every `width - 2`th falls into the beginning
 * of any word that stands there. Only such groups are looked at, and compared further where a word's beginning has one.
 * Three bytes, because two of them stand in most lines of any language.
 */
export class Sieve {
  /** Bytes from one group to the next; 0 when the words are too short, or cannot be searched for in bytes. */
  readonly #stride: number;
  /** By `markOf` a group: whether any word's beginning may have it. */
  readonly #marked = new Uint8Array(1 << BITS);
  readonly #places = new Map<number, Place[]>();
  /** By two bytes: whether they adjoin in any word. */
  readonly #adjoin = new Uint8Array(0x1_00_00);
  readonly #undressed = Buffer.allocUnsafeSlow(LONGEST_UNDRESSED + 1);
  readonly #undressedView = viewOf(this.#undressed);
  /** The piece of memory that was looked at last. */
  #bytes: Buffer = this.#undressed;
  #view = this.#undressedView;

  constructor(words: Iterable<string>) {
    const all = [...new Set(words)];
    const written = all.map((word) => Buffer.from(word));
    const searchable = !all.some((word) => word.includes(INVALID));
    this.#stride = searchable ? Math.max(0, Math.min(READ, ...written.map((word) => word.length - GROUP + 1))) : 0;
    for (const word of written) {
      for (let offset = 0; offset < this.#stride; offset++) this.#enter({ word, offset });
      for (let at = 1; at < word.length; at++) this.#adjoin[(word[at - 1]! << 8) | word[at]!] = 1;
    }
  }

  /** Where the line that begins at `start` has its newline, if it is quiet; -1 if not, or when it does not end before `limit`. */
  endOfQuiet(bytes: Buffer, start: number, limit: number): number {
    if (this.#stride === 0) return CAUGHT;
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = viewOf(bytes);
    }
    return this.#search(bytes, this.#view, start, limit);
  }

  #enter(place: Place): void {
    const group = groupAt(place.word, place.offset);
    this.#marked[markOf(group)] = 1;
    const places = this.#places.get(group);
    if (places === undefined) this.#places.set(group, [place]);
    else places.push(place);
  }

  #search(bytes: Buffer, view: DataView, start: number, limit: number): number {
    // Terminal sequences part the line in stretches; a word stands in one, or is parted itself.
    let stretch = start;
    let before = NO_BYTE;
    let at = start;
    while (at < limit) {
      at = this.#skim(view, at, limit);
      const to = Math.min(at + this.#stride, limit);
      if (this.#standsAround(bytes, at, stretch, limit)) return CAUGHT;
      while (at < to && isText(bytes[at]!)) at++;
      if (at === to) continue;
      if (bytes[at] === NEWLINE) return at;
      const last = endOfControl(bytes, at, limit);
      if (last === CAUGHT) return CAUGHT;
      if (at > stretch) before = bytes[at - 1]!;
      at = stretch = last + 1;
      if (before !== NO_BYTE && at < limit && this.#adjoin[(before << 8) | bytes[at]!] === 1) return this.#endOfUndressed(bytes, start, limit);
    }
    return CAUGHT;
  }

  /** Goes on to the next group that a word may have, or that holds anything but ASCII text. */
  #skim(view: DataView, from: number, limit: number): number {
    const marked = this.#marked;
    const stride = this.#stride;
    let at = from;
    // Four groups with one question: faster than four questions.
    for (; at + 3 * stride + READ <= limit; at += 4 * stride) {
      const a = view.getInt32(at, true);
      const b = view.getInt32(at + stride, true);
      const c = view.getInt32(at + 2 * stride, true);
      const d = view.getInt32(at + 3 * stride, true);
      const others = ((a - SPACES) | a | (b - SPACES) | b | (c - SPACES) | c | (d - SPACES) | d) & HIGHEST_BITS;
      if (others !== 0 || (marked[markOf(a)]! | marked[markOf(b)]! | marked[markOf(c)]! | marked[markOf(d)]!) !== UNMARKED) break;
    }
    for (; at + READ <= limit; at += stride) {
      const group = view.getInt32(at, true);
      if ((((group - SPACES) | group) & HIGHEST_BITS) !== 0 || marked[markOf(group)] !== UNMARKED) break;
    }
    return at;
  }

  /** Whether a word of this stretch has its group at `at`. */
  #standsAround(bytes: Buffer, at: number, stretch: number, limit: number): boolean {
    if (at + GROUP > limit) return false;
    const group = groupAt(bytes, at);
    if (this.#marked[markOf(group)] === UNMARKED) return false;
    const places = this.#places.get(group);
    return places !== undefined && anyStands(places, bytes, at, stretch, limit);
  }

  /** The same for a line in which a sequence may part a word: searched without its sequences. */
  #endOfUndressed(bytes: Buffer, start: number, limit: number): number {
    const newline = endOfLine(bytes, start, limit);
    if (newline === limit || newline - start > LONGEST_UNDRESSED) return CAUGHT;
    const length = undress(bytes, start, newline, this.#undressed);
    if (length === -1) return CAUGHT;
    this.#undressed[length] = NEWLINE;
    return this.#search(this.#undressed, this.#undressedView, 0, length + 1) === length ? newline : CAUGHT;
  }
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const groupAt = (bytes: Buffer, at: number): number => bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
/** Of the first three of four bytes. */
const markOf = (group: number): number => Math.imul(group & OF_A_GROUP, SPREAD) >>> (32 - BITS);
const isText = (byte: number): boolean => byte !== NEWLINE && byte !== CR && byte !== ESC && byte !== CSI;
/** The last byte of the carriage return or sequence there; -1 when cleaning has to look. */
const endOfControl = (bytes: Buffer, at: number, limit: number): number => (bytes[at] === CR ? at : bytes[at] === ESC ? endOfSequence(bytes, at + 1, limit) : CAUGHT);

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

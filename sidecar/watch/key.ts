import { crc32 } from 'node:zlib';

/** Longer content is summed up by native code, whose call costs as much as so many bytes here. */
const LONG = 512;
/** Read byte by byte even so: the timestamp with what a program prints first, and the end. */
const HEAD = 128;
const TAIL = 64;

/** 2 ** 21: the second half of a key is shifted behind the 32 bits of the first; together they fill a double's 53 bits. */
const SHIFT = 0x200000;

/**
 * Identity of a log entry: its stream, timestamp and content (the payload holds both), as one number of 53 bits.
 * Identical entries are told apart by `ordinalKey`.
 */
export function entryKey(type: number, bytes: Buffer, start: number, end: number): number {
  const a = Math.imul(type, 0x9e3779b1) ^ (end - start);
  if (end - start <= LONG) return mix(a, FIRST_B, bytes, start, end);
  const middle = crc32(bytes.subarray(start + HEAD, end - TAIL));
  const head = mix(a ^ middle, FIRST_B, bytes, start, start + HEAD);
  return mix(Math.floor(head / SHIFT), (head % SHIFT) ^ Math.imul(middle, 0x1b873593), bytes, end - TAIL, end);
}

const FIRST_B = 0x85ebca6b;

function mix(a: number, b: number, bytes: Buffer, start: number, end: number): number {
  let i = start;
  for (const last = end - 3; i < last; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    a = Math.imul(a ^ word, 0xcc9e2d51);
    a = (a << 15) | (a >>> 17);
    b = Math.imul(b + word, 0x1b873593);
    b ^= b >>> 13;
  }
  for (; i < end; i++) {
    a = Math.imul(a ^ bytes[i]!, 0xcc9e2d51);
    a = (a << 15) | (a >>> 17);
    b = Math.imul(b + bytes[i]!, 0x1b873593);
    b ^= b >>> 13;
  }
  return join(scramble(a), scramble(b));
}

/** The key of the n-th (from 0) of several identical entries. */
export function ordinalKey(key: number, ordinal: number): number {
  if (ordinal === 0) return key;
  const a = Math.floor(key / SHIFT);
  return join(scramble(a ^ Math.imul(ordinal, 0x9e3779b1)), scramble((key % SHIFT) + ordinal));
}

const join = (a: number, b: number): number => (a >>> 0) * SHIFT + (b >>> 11);

/** The last mixing of MurmurHash3 (public domain): every input bit reaches every output bit. */
function scramble(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * Counts identical entries of one reading. They can only adjoin: a stream's timestamps repeat in a run or not at
 * all, and what comes again later was delivered twice by the engine (20.10 does after a rotation).
 */
export class Ordinals {
  #runs: { stamp: string; first: number; counts: Map<number, number> | null }[] = [];

  next(type: number, stamp: string, key: number): number {
    const run = (this.#runs[type] ??= { stamp: '', first: 0, counts: null });
    if (run.stamp !== stamp) {
      run.stamp = stamp;
      run.first = key;
      run.counts = null;
      return 0;
    }
    run.counts ??= new Map([[run.first, 1]]);
    const ordinal = run.counts.get(key) ?? 0;
    run.counts.set(key, ordinal + 1);
    return ordinal;
  }
}

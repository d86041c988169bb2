import type { Sign } from '../words.ts';
import { PLAIN_EVENTS, RECEIVED } from './activity.ts';

/** Where it has a zero any digit may stand. */
const TIME_FORM = Buffer.from('0000-00-00T00:00:00.000Z');
const TIME_LENGTH = TIME_FORM.length;
const LEVEL_LENGTH = { least: 3, most: 8 };
const LONGEST_NAME = 100;
/** Names whose signs are kept; hostile ones must not fill the memory. */
const MOST_NAMES = 20_000;

const BEHIND_LEVEL = Buffer.from(`]: ${RECEIVED} {"sessionId":"`);
const JSON_BEGINS = Buffer.from('{"level":"');
const BEHIND_JSON_LEVEL = Buffer.from(`","message":"${RECEIVED}","sessionId":"`);
const BEHIND_NAME = Buffer.from('","eventType":"');
const EVENTS = [...PLAIN_EVENTS].map((event) => ({ event, bytes: Buffer.from(`${event}"`) }));

const LAST_OF_ASCII = 0x7f;
const FNV_PRIME = 0x01000193;
const [ZERO, NINE, SPACE, QUOTE, BACKSLASH, BRACKET, BRACE, LETTER_A, LETTER_Z] = [48, 57, 32, 34, 92, 91, 123, 97, 122] as const;

/**
 * Reads the everyday webhook lines of a busy stack from their bytes: what it finds, `readActivity` finds in the text. Most
 * of a running log is these lines, and none of them is decoded. What it does not find is left to the text.
 */
export class SignReader {
  /** By hash of the name: its signs, one per kind of event that was read. */
  readonly #known = new Map<number, (Sign | undefined)[]>();
  #hash = 0;

  /** The sign of life of the line that begins at `start`, the same object for the same; null for any other line. */
  read(bytes: Buffer, start: number, end: number): Sign | null {
    const name = behindFrame(bytes, start, end);
    if (name === -1) return null;
    const nameEnd = this.#endOfName(bytes, name, end);
    if (nameEnd === -1 || !standsAt(BEHIND_NAME, bytes, nameEnd, end)) return null;
    const at = nameEnd + BEHIND_NAME.length;
    for (let kind = 0; kind < EVENTS.length; kind++) if (standsAt(EVENTS[kind]!.bytes, bytes, at, end)) return this.#sign(bytes, name, nameEnd, kind);
    return null;
  }

  /** Where the name ends; -1 when it is none, or one that has to be cleaned or decoded. */
  #endOfName(bytes: Buffer, start: number, end: number): number {
    const last = Math.min(end, start + LONGEST_NAME + 1);
    let hash = 0;
    for (let at = start; at < last; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.#hash = hash;
        return at > start ? at : -1;
      }
      if (byte === BACKSLASH || byte < SPACE || byte > LAST_OF_ASCII) return -1;
      hash = Math.imul(hash ^ byte, FNV_PRIME);
    }
    return -1;
  }

  #sign(bytes: Buffer, start: number, end: number, kind: number): Sign {
    let signs = this.#known.get(this.#hash);
    const known = signs?.[kind];
    if (known !== undefined && isSpelled(known.spelled, bytes, start, end)) return known;
    if (signs === undefined) {
      if (this.#known.size >= MOST_NAMES) this.#known.clear();
      this.#known.set(this.#hash, (signs = []));
    }
    const sign = { spelled: bytes.toString('latin1', start, end), event: EVENTS[kind]!.event };
    signs[kind] = sign;
    return sign;
  }
}

/** Where the session's name begins; -1 when another line stands there. What tells most lines apart is looked at first. */
function behindFrame(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] === BRACE) return standsAt(JSON_BEGINS, bytes, start, end) ? behindLevel(bytes, start + JSON_BEGINS.length, end, BEHIND_JSON_LEVEL) : -1;
  const level = start + TIME_LENGTH + 2;
  if (bytes[level - 1] !== BRACKET || bytes[level - 2] !== SPACE) return -1;
  const name = behindLevel(bytes, level, end, BEHIND_LEVEL);
  return name !== -1 && isTime(bytes, start) ? name : -1;
}

function behindLevel(bytes: Buffer, start: number, end: number, expected: Buffer): number {
  let at = start;
  while (at < end && bytes[at]! >= LETTER_A && bytes[at]! <= LETTER_Z) at++;
  if (at - start < LEVEL_LENGTH.least || at - start > LEVEL_LENGTH.most) return -1;
  return standsAt(expected, bytes, at, end) ? at + expected.length : -1;
}

/** `2026-02-09T00:00:11.402Z`: the form in which both programs write it. */
function isTime(bytes: Buffer, start: number): boolean {
  for (let i = 0; i < TIME_LENGTH; i++) {
    const byte = bytes[start + i]!;
    const expected = TIME_FORM[i]!;
    if (expected === ZERO ? byte < ZERO || byte > NINE : byte !== expected) return false;
  }
  return true;
}

function standsAt(expected: Buffer, bytes: Buffer, at: number, end: number): boolean {
  if (at + expected.length > end) return false;
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

function isSpelled(name: string, bytes: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

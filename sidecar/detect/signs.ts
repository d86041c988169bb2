import type { Sign } from '../words.ts';
import { PLAIN_EVENTS } from './activity.ts';

/** `2026-02-09`, `T` or a space, and the least and the most of what the time behind it may have. */
const DATE_LENGTH = 10;
const TIME_LENGTH = { least: 8, most: 18 };
const LEVEL_LENGTH = { least: 3, most: 8 };
const LONGEST_NAME = 100;
/** Names whose signs are kept; hostile ones must not fill the memory. */
const MOST_NAMES = 20_000;

const RECEIVED = 'Received webhook event from WPPConnect';
const BEHIND_LEVEL = Buffer.from(`]: ${RECEIVED} {"sessionId":"`);
const JSON_BEGINS = Buffer.from('{"level":"');
const BEHIND_JSON_LEVEL = Buffer.from(`","message":"${RECEIVED}","sessionId":"`);
const BEHIND_NAME = Buffer.from('","eventType":"');
const EVENTS = [...PLAIN_EVENTS].map((event) => ({ event, bytes: Buffer.from(`${event}"`) }));

const LAST_OF_ASCII = 0x7f;
const FNV_PRIME = 0x01000193;
const [ZERO, NINE, COLON, DASH, DOT, COMMA, SPACE, QUOTE, BACKSLASH, BRACKET, BRACE, LETTER_A, LETTER_T, LETTER_Z, CAPITAL_Z] =
  [48, 57, 58, 45, 46, 44, 32, 34, 92, 91, 123, 97, 84, 122, 90] as const;

/**
 * Reads the everyday webhook lines of a busy stack from their bytes: what it finds, `readActivity` finds in the text. Most
 * of a running log is these lines, and none of them is decoded. What it does not find is left to the text.
 */
export class SignReader {
  /** By hash of the name: its signs, one per kind of event that was read. */
  readonly #known = new Map<number, (Sign | undefined)[]>();
  #hash = 0;

  /** The sign of life that stands there, the same object for the same; null for anything else. The bytes hold nothing to be cleaned. */
  read(bytes: Buffer, start: number, end: number): Sign | null {
    const name = behindFrame(bytes, start, end);
    if (name === -1) return null;
    const nameEnd = this.#endOfName(bytes, name, end);
    if (nameEnd === -1 || !standsAt(BEHIND_NAME, bytes, nameEnd, end)) return null;
    const at = nameEnd + BEHIND_NAME.length;
    for (let kind = 0; kind < EVENTS.length; kind++) if (standsAt(EVENTS[kind]!.bytes, bytes, at, end)) return this.#sign(bytes, name, nameEnd, kind);
    return null;
  }

  /** Where the name ends; -1 when it is none, or one that only its text tells. */
  #endOfName(bytes: Buffer, start: number, end: number): number {
    const last = Math.min(end, start + LONGEST_NAME + 1);
    let hash = 0;
    for (let at = start; at < last; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.#hash = hash;
        return at > start ? at : -1;
      }
      if (byte === BACKSLASH || byte > LAST_OF_ASCII) return -1;
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

/** Where the session's name begins; -1 when another line stands there. */
function behindFrame(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start]!;
  if (first === BRACE) return standsAt(JSON_BEGINS, bytes, start, end) ? behindLevel(bytes, start + JSON_BEGINS.length, end, BEHIND_JSON_LEVEL) : -1;
  if (first < ZERO || first > NINE) return -1;
  const time = start + DATE_LENGTH + 1;
  if (time + TIME_LENGTH.most + 4 > end || !isDate(bytes, start)) return -1;
  let at = time;
  while (at - time <= TIME_LENGTH.most && isOfTime(bytes[at]!)) at++;
  if (at - time < TIME_LENGTH.least || at - time > TIME_LENGTH.most) return -1;
  if (bytes[at] === CAPITAL_Z) at++;
  return bytes[at] === SPACE && bytes[at + 1] === BRACKET ? behindLevel(bytes, at + 2, end, BEHIND_LEVEL) : -1;
}

function behindLevel(bytes: Buffer, start: number, end: number, expected: Buffer): number {
  let at = start;
  while (at < end && bytes[at]! >= LETTER_A && bytes[at]! <= LETTER_Z) at++;
  if (at - start < LEVEL_LENGTH.least || at - start > LEVEL_LENGTH.most) return -1;
  return standsAt(expected, bytes, at, end) ? at + expected.length : -1;
}

function isDate(bytes: Buffer, at: number): boolean {
  for (let i = 0; i < DATE_LENGTH; i++) if (i === 4 || i === 7 ? bytes[at + i] !== DASH : !isDigit(bytes[at + i]!)) return false;
  return bytes[at + DATE_LENGTH] === LETTER_T || bytes[at + DATE_LENGTH] === SPACE;
}

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE;
const isOfTime = (byte: number): boolean => (byte >= ZERO && byte <= COLON) || byte === DOT || byte === COMMA;

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

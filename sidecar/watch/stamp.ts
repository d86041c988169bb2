import { parseEventTime } from '../event-time.ts';

/** Length of the engine's own form, `2026-02-09T10:14:03.120000000Z`. Strings of this form sort by time. */
export const STAMP_LENGTH = 30;
/** The longest prefix that can still be a time: nine decimals and an offset. */
const LONGEST_STAMP = 35;

const NANOS_PER_SECOND = 1_000_000_000n;

const DASH = 45;
const DOT = 46;
const COLON = 58;
const LETTER_T = 84;
const LETTER_Z = 90;

/**
 * Brings an RFC 3339 time (any number of decimals, any offset; podman writes local times) to the engine's
 * form: UTC with nine decimals. Null when it is not a time.
 */
export function toStamp(written: string): string | null {
  if (isCanonical(written)) return written;
  if (written.length < 20 || written.length > LONGEST_STAMP) return null;
  try {
    return stampOfNanos(parseEventTime(written));
  } catch {
    return null;
  }
}

export function stampOfNanos(at: bigint): string {
  const second = at / NANOS_PER_SECOND;
  const nanos = at % NANOS_PER_SECOND;
  return `${new Date(Number(second) * 1000).toISOString().slice(0, 19)}.${String(nanos).padStart(9, '0')}Z`;
}

export const stampOfMs = (ms: number): string => stampOfNanos(BigInt(Math.round(ms)) * 1_000_000n);

/** The same time `ms` earlier, in the engine's form. */
export const earlier = (stamp: string, ms: number): string => stampOfNanos(parseEventTime(stamp) - BigInt(Math.round(ms)) * 1_000_000n);

/**
 * `since` as the engine takes it without losing digits: the string `seconds.nanoseconds`. A JS number loses
 * three digits; RFC 3339 is refused (seen on engine 20.10).
 */
export function sinceParameter(stamp: string): string {
  const at = parseEventTime(stamp);
  if (at <= 0n) return '0';
  return `${at / NANOS_PER_SECOND}.${String(at % NANOS_PER_SECOND).padStart(9, '0')}`;
}

/** A string that only looks like a time is left to `parseEventTime`, which knows the calendar. */
function isCanonical(written: string): boolean {
  return (
    written.length === STAMP_LENGTH &&
    written.charCodeAt(4) === DASH && written.charCodeAt(7) === DASH && written.charCodeAt(10) === LETTER_T &&
    written.charCodeAt(13) === COLON && written.charCodeAt(16) === COLON && written.charCodeAt(19) === DOT &&
    written.charCodeAt(29) === LETTER_Z &&
    digits(written, 0, 4) >= 1970 && within(digits(written, 5, 7), 1, 12) && within(digits(written, 8, 10), 1, 31) &&
    within(digits(written, 11, 13), 0, 23) && within(digits(written, 14, 16), 0, 59) && within(digits(written, 17, 19), 0, 59) &&
    digits(written, 20, 29) >= 0
  );
}

/** The number written there, NaN when there is anything but digits. */
function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

const within = (value: number, least: number, most: number): boolean => value >= least && value <= most;

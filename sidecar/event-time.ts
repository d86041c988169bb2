import { own } from './detect/own.ts';
import type { Nanos } from './words.ts';

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/**
 * `2026-02-09T10:14:03.12Z` (one to nine decimals, any offset) to nanoseconds since the epoch.
 * Throws a RangeError on anything else: an engine that stamps differently must be noticed.
 */
export function parseEventTime(ts: string): Nanos {
  const parts = RFC3339.exec(ts);
  const ms = parts ? Date.parse(parts[1]! + parts[3]!) : Number.NaN;
  if (Number.isNaN(ms)) throw new RangeError(`not an RFC 3339 time: ${ts.slice(0, 40)}`);
  return BigInt(ms) * 1_000_000n + BigInt((parts![2] ?? '').padEnd(9, '0'));
}

/** Whole seconds since the epoch, of a time in the engine's own form (UTC, nine decimals): without a bigint, and cheap. */
export function secondOf(ts: string): number {
  // Most lines of a busy log share their minute.
  if (!ts.startsWith(lately.written)) lately = { written: own(ts.slice(0, UP_TO_THE_MINUTE)), second: Date.parse(`${ts.slice(0, 16)}Z`) / 1000 };
  return lately.second + 10 * (ts.charCodeAt(17) - 48) + ts.charCodeAt(18) - 48;
}

/** `2026-02-09T10:14:`. */
const UP_TO_THE_MINUTE = 17;
let lately = { written: '-', second: 0 };

/** The nanoseconds within that second. */
export function nanosOf(ts: string): number {
  let nanos = 0;
  for (let i = 20; i < 29; i++) nanos = nanos * 10 + ts.charCodeAt(i) - 48;
  return nanos;
}

/** Of whole seconds since the epoch and the nanoseconds within them. */
export const eventTime = (second: number, nanos: number): Nanos => BigInt(second) * 1_000_000_000n + BigInt(nanos);
export const msOf = (second: number, nanos: number): number => second * 1_000 + Math.floor(nanos / 1_000_000);

export const toMs = (at: Nanos): number => Number(at / 1_000_000n);
export const fromMs = (ms: number): Nanos => BigInt(Math.round(ms)) * 1_000_000n;

/** `2026-02-09T10:14:03.120Z`, as everywhere in log and API. */
export const isoOfNanos = (at: Nanos): string => new Date(toMs(at)).toISOString();

/** Clock ms as an ISO text; null where there is no time, or one without an end. */
export const iso = (ms: number | null): string | null => (ms === null || !Number.isFinite(ms) ? null : new Date(ms).toISOString());

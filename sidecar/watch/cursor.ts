import { toStamp } from './stamp.ts';

/** A place in one container's log: stamps, and the keys of the newest entries up to it, oldest first. */
export interface SavedPosition {
  last: string;
  high: string;
  keys: Float64Array;
}

/** A line under way: the place before its first part, and what was processed since. */
export interface Held {
  position: SavedPosition;
  /** Keys of entries that were delivered behind that place. */
  after: number[];
  /** Keys of the line's own parts. */
  own: number[];
  /** 1: the older of the lines under way. */
  order: 1 | 2;
  /** Entries processed when it began. */
  at: number;
}

/** Its keys are made as `entryKey` makes them now. */
const VERSION = 2;

export function savePosition(position: SavedPosition, after: number[]): string {
  const saved = { v: VERSION, last: position.last, high: position.high, keys: pack(position.keys) };
  return JSON.stringify(after.length === 0 ? saved : { ...saved, after: pack(Float64Array.from(after)) });
}

/**
 * Reads a stored cursor. Null when it is not one of ours (another version, a damaged row): the container is
 * then read like one never seen.
 */
export function parsePosition(json: string): (SavedPosition & { after: number[] }) | null {
  let saved: Record<string, unknown>;
  try {
    saved = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { v, last, high, keys, after } = saved ?? {};
  if (v !== VERSION || typeof last !== 'string' || typeof high !== 'string' || typeof keys !== 'string') return null;
  // Both are empty before the first entry: what was delivered since is known all the same.
  if (![last, high].every((stamp) => stamp === '' || toStamp(stamp) !== null)) return null;
  return { last, high, keys: unpack(keys), after: typeof after === 'string' ? [...unpack(after)] : [] };
}

const pack = (keys: Float64Array): string => Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength).toString('base64');

function unpack(packed: string): Float64Array {
  const bytes = Buffer.from(packed, 'base64');
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 8));
  return new Float64Array(whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.byteLength));
}

import { bytesOfText, textOfBytes } from './bytes.ts';

const PLACE = '{session}';

/** `REDIS_SESSION_KEYS`, taken apart. Everything is bytes: keys need not be text. */
export interface KeyPattern {
  /** SCAN MATCH for the keys of all sessions. */
  matchAny: Buffer;
  /** SCAN MATCH for one session's keys; a superset at most, so each key is checked again by prefix. */
  matchOf(name: string): Buffer;
  /** What every key of that session starts with; null when the name holds the separator. */
  prefixOf(name: string): Buffer | null;
  /** The session a key belongs to, or null. */
  sessionOf(key: Buffer): string | null;
}

/**
 * `sessions:{session}:*`: literal text, `{session}` once, a separator, `*` at the end. Throws a RangeError for
 * anything else: without a separator session 2 would own the keys of session 26.
 */
export function compilePattern(pattern: string): KeyPattern {
  const parts = pattern.split(PLACE);
  const [head = '', tail = ''] = parts;
  if (parts.length !== 2 || tail.length < 2 || !tail.endsWith('*') || /[*?[\]\\]/.test(head + tail.slice(0, -1))) {
    throw new RangeError(`REDIS_SESSION_KEYS=${pattern} is not usable: expected text, {session}, a separator and one * at the end, such as sessions:{session}:*`);
  }
  const separator = tail.slice(0, -1);
  const prefix = Buffer.from(head);
  const after = Buffer.from(separator);
  return {
    matchAny: Buffer.from(`${head}*${separator}*`),
    matchOf: (name) => Buffer.concat([prefix, escapeGlob(bytesOfText(name)), after, Buffer.from('*')]),
    prefixOf: (name) => (name === '' || name.includes(separator) ? null : Buffer.concat([prefix, bytesOfText(name), after])),
    sessionOf: (key) => {
      if (!key.subarray(0, prefix.length).equals(prefix)) return null;
      const end = key.indexOf(after, prefix.length);
      return end <= prefix.length ? null : textOfBytes(key.subarray(prefix.length, end));
    },
  };
}

/** Redis' glob characters, taken literally. */
function escapeGlob(bytes: Buffer): Buffer {
  const special = new Set(Buffer.from('*?[]\\^-'));
  return Buffer.from([...bytes].flatMap((byte) => (special.has(byte) ? [0x5c, byte] : [byte])));
}

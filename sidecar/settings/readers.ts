import { RUNGS, type Rung } from '../words.ts';
import { Secret } from './secret.ts';

/** What a reader answers to a text it cannot read; the setting then says what is expected. */
export const REFUSED = Symbol('refused');
/** Turns the text of a setting into its value. */
export type Reader<T> = (text: string) => T | typeof REFUSED;

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Node's timers fire at once beyond 2^31 ms (24.8 days). */
const LONGEST_MS = 24 * UNIT_MS.d!;

/** `90s`, `5m`, `1h30m`, `1d`, `500ms` or `0` to milliseconds; null when it is no duration or longer than 24 days. */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  if (!/^(?:\d{1,9}(?:ms|s|m|h|d))+$/.test(text)) return null;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) ms += Number(amount) * UNIT_MS[unit!]!;
  return ms <= LONGEST_MS ? ms : null;
}

export const duration = (leastMs: number): Reader<number> =>
  (text) => {
    const ms = parseDuration(text);
    return ms === null || ms < leastMs ? REFUSED : ms;
  };

export const wholeNumber = (least: number, most: number): Reader<number> =>
  (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : REFUSED;
  };

/** The word `off` for null, anything else through `read`. */
export const orOff = <T>(read: Reader<T>): Reader<T | null> =>
  (text) => (text.toLowerCase() === 'off' ? null : read(text));

const YES = new Set(['true', '1', 'yes', 'on']);
const NO = new Set(['false', '0', 'no', 'off']);
export const yesOrNo: Reader<boolean> = (text) => {
  const word = text.toLowerCase();
  return YES.has(word) ? true : NO.has(word) ? false : REFUSED;
};

export const oneOf = <const T extends string>(...words: T[]): Reader<T> =>
  (text) => words.find((word) => word === text) ?? REFUSED;

const commaList = (text: string): string[] => text.split(',').map((item) => item.trim()).filter((item) => item !== '');

/** Docker's own rule for container names; Compose services are narrower still. */
const CONTAINER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
export const containerNames: Reader<string[]> = (text) => {
  const names = [...new Set(commaList(text))];
  return names.length > 0 && names.every((name) => CONTAINER_NAME.test(name)) ? names : REFUSED;
};

export const rungs: Reader<Rung[]> = (text) => {
  const named = commaList(text);
  const known = named.filter((name): name is Rung => RUNGS.some((rung) => rung === name));
  return known.length > 0 && known.length === named.length && new Set(known).size === known.length ? known : REFUSED;
};

/** `alias=Session Name,…`: one alias means one session. Names hold spaces, never `:`. */
export const aliases: Reader<ReadonlyMap<string, string>> = (text) => {
  const map = new Map<string, string>();
  for (const pair of commaList(text)) {
    const [, alias, session] = /^([^=:]+)=([^=:]+)$/.exec(pair) ?? [];
    if (!alias?.trim() || !session?.trim() || map.has(alias.trim())) return REFUSED;
    map.set(alias.trim(), session.trim());
  }
  return map.size > 0 ? map : REFUSED;
};

function parseUrl(text: string, protocols: string[]): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url && protocols.includes(url.protocol) ? url : null;
}

/** The base of an API, without a slash at its end. Credentials in it are refused: `fetch` would refuse them later. */
export const httpUrl: Reader<string> = (text) => {
  const url = parseUrl(text, ['http:', 'https:']);
  if (!url || url.hostname === '' || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return REFUSED;
  return text.replace(/\/+$/, '');
};

export const dockerHost: Reader<string> = (text) =>
  /^unix:\/\/\/./.test(text) || parseUrl(text, ['tcp:', 'http:', 'https:', 'ssh:'])?.hostname ? text : REFUSED;

export const secret: Reader<Secret> = (text) => new Secret(text);

/** An address that holds its own password (a webhook, Redis). */
export const secretUrl = (...protocols: string[]): Reader<Secret> =>
  (text) => {
    const url = text.includes('://') ? parseUrl(text, protocols) : null;
    return url && (url.hostname !== '' || url.pathname.length > 1) ? new Secret(text) : REFUSED;
  };

/** `0.0.0.0:9465`, `[::]:9465`, `:9465` or `9465`. */
export const listenAddress: Reader<{ host: string; port: number }> = (text) => {
  const [, bracketed, plain, digits] = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9.-]*)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  return digits !== undefined && port <= 65_535 ? { host: bracketed ?? (plain || '0.0.0.0'), port } : REFUSED;
};

/**
 * A Redis key pattern that can only mean one session: literal text before `{session}`, and a delimiter behind it,
 * so that session 26 never meets the keys of session 261.
 */
export const sessionKeys: Reader<string> = (text) =>
  /^[^*?[\]\\{}\s]+\{session\}[^*?[\]\\{}\sA-Za-z0-9][^?[\]\\{}\s]*$/.test(text) ? text : REFUSED;

export const folder: Reader<string> = (text) => (text.includes('\0') ? REFUSED : text);

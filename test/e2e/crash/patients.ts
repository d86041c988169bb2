import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until, type Control } from '../../lab/control.ts';
import type { Lab } from '../../lab/lab.ts';
import { withoutDisposable } from '../waiting.ts';

/** A session's data by place, without times: one line per file, folder, link and key. */
export type Content = Record<string, string>;

/** A session that is operated on, and how one sees from outside how it is. */
export interface Patient {
  session: string;
  content(): Promise<Content>;
  /** The stand-in's own word. */
  status(): Promise<string>;
  /** Waits until the gateway has it running: connected, or asking for a scan. */
  running(): Promise<string>;
  /** Messages go through. */
  works(): Promise<boolean>;
  /** A human scans, where that is needed. */
  scan(): Promise<void>;
  /** The login that a QR scan gives; null when there is none. */
  login(content: Content): string | null;
}

const timeless = (entry: string): string => entry.replace(/ \d{16,}/, '');

/** A number of the backend: files and Redis keys, which tell keys from login. */
export function numberOf(lab: Lab, session: string): Patient {
  const folder = lab.baileysFolderOf(session);
  const content = async (): Promise<Content> => {
    const files = Object.entries(lab.snapshot(folder)).map(([path, entry]) => [`file ${path}`, timeless(entry)]);
    const keys = Object.entries(await lab.snapshotKeys(session)).map(([key, { dump, expires }]) => [`key ${key.replace(`sessions:${session}:`, '')}`, `${dump} ${expires}`]);
    return Object.fromEntries([...files, ...keys]) as Content;
  };
  return {
    ...seenThrough(() => lab.backend, session, ['OPENED', 'qrcode']), content,
    works: async () => {
      const heard = [];
      for (const peer of [0, 1]) heard.push(((await lab.backend.breakSession(session, 'message', { peer })).result as { text: string | null }[])[0]?.text);
      return heard.every((text) => text === 'hello');
    },
    login: (seen) => (seen['file creds.json'] === undefined ? null : identityIn(join(folder, 'creds.json'))),
  };
}

const identityIn = (path: string): string => JSON.stringify((JSON.parse(readFileSync(path, 'utf8')) as { signedIdentityKey: unknown }).signedIdentityKey);

/** What `repair` must leave alone: the login itself, and what only the phone can share again. Counters in `creds` may move on. */
export const isLogin = (place: string): boolean => /^(file|key) (creds|app-state-sync-key-)/.test(place);
/** Places that hold signal keys. */
export const isKey = (place: string): boolean => /^(file|key) (session|pre-key|sender-key)/.test(place);

/** A session of wppconnect-server: a profile where login and keys are one. */
export function browserOf(lab: Lab, session: string): Patient {
  const LOGIN = 'Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb/000003.log';
  return {
    ...seenThrough(() => lab.wpp, session, ['CONNECTED', 'QRCODE']),
    content: async () => Object.fromEntries(Object.entries(withoutDisposable(lab.snapshot(lab.profileOf(session)))).map(([path, entry]) => [path, timeless(entry)])),
    works: async () => (await lab.wpp.breakSession(session, 'message')).result === true,
    login: (seen) => seen[LOGIN] ?? null,
  };
}

function seenThrough(gateway: () => Control, session: string, goodWords: readonly [string, string]) {
  const status = async () => (await gateway().session(session)).status;
  const running = () => until(`${session} to be running (${goodWords.join(' or ')})`, async () => {
    const now = await status();
    return goodWords.includes(now) ? now : null;
  }, 60_000);
  return {
    session, status, running,
    scan: async () => {
      if ((await running()) === goodWords[0]) return;
      await gateway().breakSession(session, 'scan');
      await until(`${session} to be scanned`, async () => (await status()) === goodWords[0], 60_000);
    },
  };
}

import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { bytesOfText, textOfBytes } from './bytes.ts';
import { shown } from './names.ts';
import { compilePattern, type KeyPattern } from './redis-pattern.ts';
import { StoreError, type Inventory, type KeyEntry, type Role, type Store } from './store.ts';

/** Keys per SCAN step and per pipeline: enough to be quick, too few to hold up other clients of a single-threaded server. */
const BATCH = 200;
export const CONNECT_DEADLINE_MS = 5_000;

/** Redis' own words for a RESTORE of a key that is there, and of bytes that are no dump. */
const IS_THERE = /^BUSYKEY\b/;
const NO_DUMP = /DUMP payload version or checksum are wrong|Bad data format/;

/** PTTL of a key that is not there. */
const GONE = -2;

/** A key as it can be put back: DUMP's bytes and the remaining life in ms, -1 for a key without end. */
export interface DumpedKey {
  key: string;
  pttl: number;
  dump: Buffer;
}

/** A store whose entries are keys. All verbs take exact keys; none takes a pattern. */
export interface KeyStore extends Store {
  readonly kind: 'redis';
  /** In the order asked for, without those whose life has run out; any other that is gone meanwhile is a StoreError `changed`. */
  dump(keys: readonly Pick<KeyEntry, 'key' | 'expires'>[]): AsyncIterable<DumpedKey>;
  /** Returns how many of them were there. */
  unlink(keys: readonly string[]): Promise<number>;
  /** Puts keys back with value and remaining life, over whatever stands there. */
  putBack(keys: readonly DumpedKey[]): Promise<void>;
  /** Puts back those that are not there, and replaces none. Returns how many were missing. */
  putBackMissing(keys: readonly DumpedKey[]): Promise<number>;
  ownsKey(name: string, key: string): boolean;
  /** Rejects with a StoreError `unreachable`. */
  ping(): Promise<void>;
  /** Rejects with a StoreError `unreachable` when keys of that session could not be deleted or put back now. Changes nothing. */
  assertWritable(name: string): Promise<void>;
}

export const isKeyStore = (store: Store): store is KeyStore => store.kind === 'redis';

/** The Redis keys of sessions, found by `REDIS_SESSION_KEYS` such as `sessions:{session}:*`. Never KEYS, never FLUSH. */
export class RedisStore implements KeyStore {
  readonly kind = 'redis';
  readonly tellsKeysFromLogin = true;
  readonly #client: Redis;
  readonly #pattern: KeyPattern;
  #isCluster: boolean | null = null;

  constructor(client: Redis, pattern: string) {
    this.#client = client;
    this.#pattern = compilePattern(pattern);
  }

  async list(): Promise<string[]> {
    const names = new Set<string>();
    for await (const keys of this.#scan(this.#pattern.matchAny)) {
      for (const name of keys.map((key) => this.#pattern.sessionOf(key))) if (name !== null) names.add(name);
    }
    return [...names].sort();
  }

  async inventory(name: string): Promise<Inventory> {
    const prefix = this.#prefix(name);
    const found = new Map<string, KeyEntry>();
    for await (const keys of this.#scan(this.#pattern.matchOf(name))) {
      const own = keys.filter((key) => key.subarray(0, prefix.length).equals(prefix));
      const lives = (await this.#ask(own.map((key) => ['pttl', key]))) as number[];
      for (const [index, key] of own.entries()) {
        if (lives[index] === GONE) continue;
        const role = roleOfKey(key.subarray(prefix.length).toString('latin1'));
        found.set(textOfBytes(key), { key: textOfBytes(key), role, ...(lives[index]! >= 0 && { expires: true }) });
      }
    }
    return { files: [], keys: [...found.keys()].sort().map((key) => found.get(key)!) };
  }

  async *dump(keys: readonly Pick<KeyEntry, 'key' | 'expires'>[]): AsyncGenerator<DumpedKey> {
    for (let at = 0; at < keys.length; at += BATCH) {
      const batch = keys.slice(at, at + BATCH);
      const answers = await this.#ask(batch.flatMap(({ key }) => [['dumpBuffer', bytesOfText(key)], ['pttl', bytesOfText(key)]]));
      for (const [index, { key, expires }] of batch.entries()) {
        const dump = answers[index * 2] as Buffer | null;
        const pttl = answers[index * 2 + 1] as number;
        const isGone = dump === null || pttl === GONE;
        if (isGone && expires) continue;
        if (isGone) throw new StoreError('changed', `the Redis key ${shown(key)} vanished while it was backed up, so something still writes to this session; it is left alone until it is really closed`);
        yield { key, pttl, dump };
      }
    }
  }

  async unlink(keys: readonly string[]): Promise<number> {
    let gone = 0;
    for (let at = 0; at < keys.length; at += BATCH) {
      const batch = keys.slice(at, at + BATCH).map(bytesOfText);
      const [count] = await this.#ask([['unlink', ...batch]]);
      gone += count as number;
    }
    return gone;
  }

  async putBack(keys: readonly DumpedKey[]): Promise<void> {
    for (let at = 0; at < keys.length; at += BATCH) {
      await this.#ask(keys.slice(at, at + BATCH).map(({ key, pttl, dump }) => ['restore', bytesOfText(key), String(Math.max(pttl, 0)), dump, 'REPLACE']));
    }
  }

  async putBackMissing(keys: readonly DumpedKey[]): Promise<number> {
    let missing = 0;
    for (let at = 0; at < keys.length; at += BATCH) {
      const answers = await this.#ask(keys.slice(at, at + BATCH).map(({ key, pttl, dump }) => ['restore', bytesOfText(key), String(Math.max(pttl, 0)), dump]), IS_THERE);
      missing += answers.filter((answer) => answer !== null).length;
    }
    return missing;
  }

  /**
   * RESTORE of bytes that are no dump is refused after everything else was found right: rights, memory, a disk that takes
   * snapshots, a server that is no replica. UNLINK of a key that nobody has deletes nothing.
   */
  async assertWritable(name: string): Promise<void> {
    const probe = Buffer.concat([this.#prefix(name), Buffer.from(`auto-fix-probe-${randomUUID()}`)]);
    await this.#ask([['restore', probe, '0', Buffer.from('no dump')], ['unlink', probe]], NO_DUMP);
  }

  ownsKey(name: string, key: string): boolean {
    const prefix = this.#prefix(name);
    return bytesOfText(key).subarray(0, prefix.length).equals(prefix);
  }

  async ping(): Promise<void> {
    await this.#ask([['ping']]);
  }

  #prefix(name: string): Buffer {
    const prefix = this.#pattern.prefixOf(name);
    if (prefix !== null) return prefix;
    throw new StoreError('unsafe', `session ${shown(name)} holds the separator of REDIS_SESSION_KEYS, so its keys cannot be told from another session's; none is touched`);
  }

  async *#scan(match: Buffer): AsyncGenerator<Buffer[]> {
    let cursor = '0';
    do {
      const [answer] = await this.#ask([['scanBuffer', cursor, 'MATCH', match, 'COUNT', BATCH]]);
      const [next, keys] = answer as [Buffer, Buffer[]];
      yield keys;
      cursor = next.toString();
    } while (cursor !== '0');
  }

  /** Runs the commands in one pipeline; null for an `expected` refusal. Any other failure is a StoreError: what Redis did of the rest is then unknown. */
  async #ask(commands: unknown[][], expected?: RegExp): Promise<unknown[]> {
    await this.#ready();
    const answers = await this.#client.pipeline(commands as never).exec().catch((cause: Error) => this.#unreachable(cause));
    return (answers ?? []).map(([error, value]) => (error === null ? value : expected?.test(error.message) ? null : this.#unreachable(error)));
  }

  /** A client that is just connecting is waited for, so that the first command after a start does not fail. */
  async #ready(): Promise<void> {
    await this.#connected();
    this.#isCluster ??= await this.#askMode();
    if (this.#isCluster) throw new StoreError('unreachable', 'the Redis of REDIS_URL is a cluster, where one server knows only some of the keys, so no session is sure to be found whole and none of its keys are touched; give the sidecar the address of a single server, or unset REDIS_URL');
  }

  /** HELLO needs no right beyond the connection; a server too old to know it, or that forbids it, is taken as a single one. */
  async #askMode(): Promise<boolean> {
    const said = await this.#client.call('HELLO').catch((error: Error) => (error.name === 'ReplyError' ? [] : this.#unreachable(error)));
    const words = (Array.isArray(said) ? said : Object.entries(said as object)).flat().map(String);
    return words[words.indexOf('mode') + 1] === 'cluster';
  }

  async #connected(): Promise<void> {
    const client = this.#client;
    if (client.status === 'wait') await client.connect().catch((cause: Error) => this.#unreachable(cause));
    if (client.status === 'ready') return;
    await new Promise<void>((resolve, reject) => {
      const settle = (done: () => void) => () => {
        clearTimeout(timer);
        client.off('ready', onReady);
        client.off('error', onError);
        done();
      };
      const onReady = settle(resolve);
      let why = new Error(`no connection within ${CONNECT_DEADLINE_MS / 1000} s`);
      const onError = (error: Error) => {
        why = error;
        settle(() => reject(error))();
      };
      const timer = setTimeout(() => settle(() => reject(why))(), CONNECT_DEADLINE_MS);
      client.once('ready', onReady);
      client.once('error', onError);
    }).catch((cause: Error) => this.#unreachable(cause));
  }

  #unreachable(cause: Error): never {
    throw new StoreError('unreachable', `Redis did not do what was asked (${cause.message}), so the session's keys in it are not safe to touch; check REDIS_URL and that Redis runs`, { cause });
  }
}

/** Whaticket-style keys: `creds` is the login, `app-state-sync-key-*` only the phone can share again; the rest is made anew. */
function roleOfKey(rest: string): Role {
  return rest === 'creds' || rest === 'creds.json' || rest.startsWith('app-state-sync-key-') ? 'login' : 'keys';
}

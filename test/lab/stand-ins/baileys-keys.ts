import { join } from 'node:path';
import { BufferJSON } from 'baileys/lib/Utils/generics.js';
import { useMultiFileAuthState } from 'baileys/lib/Utils/use-multi-file-auth-state.js';
import type { AuthenticationCreds, SignalDataSet, SignalDataTypeMap, SignalKeyStore } from 'baileys/lib/Types/index.js';
import type { Redis } from 'ioredis';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';

/** Sender keys are kept for a month in Redis, everything else for ever: a dump has to keep both. */
const SENDER_KEY_TTL_S = 30 * 24 * 3600;

/**
 * A session's keys in memory, in the real `useMultiFileAuthState` folder and mirrored in Redis. What is missing in the folder comes back
 * from Redis; what is deleted under a running session is written again from memory.
 */
export class MirroredKeys implements SignalKeyStore {
  readonly #memory = new Map<string, unknown>();
  readonly #files: SignalKeyStore;
  readonly #mirror: RedisMirror;
  readonly creds: AuthenticationCreds;
  readonly #saveCreds: () => Promise<void>;

  private constructor(state: { creds: AuthenticationCreds; keys: SignalKeyStore }, saveCreds: () => Promise<void>, mirror: RedisMirror) {
    this.#files = state.keys;
    this.creds = state.creds;
    this.#saveCreds = saveCreds;
    this.#mirror = mirror;
  }

  /** Reads the folder afresh. Creds that are missing or unreadable there are taken from Redis; nowhere: a new, unlinked device. */
  static async open(dir: string, mirror: RedisMirror): Promise<MirroredKeys> {
    const mirrored = await mirror.read('creds');
    if (mirrored !== null && !isJson(join(dir, 'creds.json'))) {
      await mkdir(dir, { recursive: true });
      await writeFile(join(dir, 'creds.json'), mirrored);
    }
    const { state, saveCreds } = await useMultiFileAuthState(dir);
    return new MirroredKeys(state, saveCreds, mirror);
  }

  async get<T extends keyof SignalDataTypeMap>(type: T, ids: string[]): Promise<{ [id: string]: SignalDataTypeMap[T] }> {
    const found: { [id: string]: SignalDataTypeMap[T] } = {};
    for (const id of ids) {
      const value = this.#memory.get(`${type}-${id}`) ?? (await this.#fromFile(type, id)) ?? (await this.#fromRedis(type, id));
      if (value === undefined || value === null) continue;
      this.#memory.set(`${type}-${id}`, value);
      found[id] = value as SignalDataTypeMap[T];
    }
    return found;
  }

  async set(data: SignalDataSet): Promise<void> {
    for (const [type, values] of Object.entries(data)) {
      for (const [id, value] of Object.entries(values ?? {})) {
        if (value === null) this.#memory.delete(`${type}-${id}`);
        else this.#memory.set(`${type}-${id}`, value);
        await this.#mirror.write(`${type}-${id}`, value, type === 'sender-key' ? SENDER_KEY_TTL_S : null);
      }
    }
    await this.#files.set(data);
  }

  async saveCreds(): Promise<void> {
    await this.#saveCreds();
    await this.#mirror.write('creds', this.creds, null);
  }

  /** Writes everything that memory holds: a deletion under a running session does not last. */
  async writeBack(): Promise<void> {
    for (const [name, value] of this.#memory) {
      const type = TYPES.find((known) => name.startsWith(`${known}-`))!;
      await this.set({ [type]: { [name.slice(type.length + 1)]: value } } as SignalDataSet);
    }
    await this.saveCreds();
  }

  async #fromFile<T extends keyof SignalDataTypeMap>(type: T, id: string): Promise<unknown> {
    return (await this.#files.get(type, [id]))[id];
  }

  async #fromRedis<T extends keyof SignalDataTypeMap>(type: T, id: string): Promise<unknown> {
    const text = await this.#mirror.read(`${type}-${id}`);
    if (text === null) return null;
    const value: unknown = JSON.parse(text, BufferJSON.reviver);
    await this.#files.set({ [type]: { [id]: value } } as SignalDataSet);
    return value;
  }
}

/** Longer names first: `sender-key-memory-x` is no `sender-key`. */
const TYPES = [
  'sender-key-memory', 'sender-key', 'pre-key', 'session', 'app-state-sync-version', 'app-state-sync-key', 'lid-mapping', 'device-list', 'tctoken', 'identity-key',
] as const;

function isJson(path: string): boolean {
  try {
    JSON.parse(readFileSync(path, 'utf8'));
    return true;
  } catch {
    return false;
  }
}

/** `sessions:<id>:<name>`, as Whaticket-style backends name them. Without a Redis, or with a dead one, it holds nothing and says so once. */
export class RedisMirror {
  readonly #redis: Redis | null;
  readonly #prefix: string;
  readonly #complain: (message: string) => void;
  #complained = false;

  constructor(redis: Redis | null, session: number, complain: (message: string) => void) {
    this.#redis = redis;
    this.#prefix = `sessions:${session}:`;
    this.#complain = complain;
  }

  read = (name: string): Promise<string | null> => this.#try((redis) => redis.get(this.#prefix + name));

  async write(name: string, value: unknown, ttlSeconds: number | null): Promise<void> {
    const key = this.#prefix + name;
    const text = JSON.stringify(value, BufferJSON.replacer);
    await this.#try<unknown>((redis) => (value === null ? redis.del(key) : ttlSeconds === null ? redis.set(key, text) : redis.set(key, text, 'EX', ttlSeconds)));
  }

  async #try<T>(work: (redis: Redis) => Promise<T>): Promise<T | null> {
    if (!this.#redis) return null;
    try {
      return await work(this.#redis);
    } catch (error) {
      if (!this.#complained) this.#complain((error as Error).message);
      this.#complained = true;
      return null;
    }
  }
}

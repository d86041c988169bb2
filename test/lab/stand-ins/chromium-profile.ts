import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const INDEXED_DB = 'Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb';
const LOCAL_STORAGE = 'Default/Local Storage/leveldb';
/** The login stands in both places; one half alone is no login. */
const LOGIN_FILES = [`${INDEXED_DB}/000003.log`, `${LOCAL_STORAGE}/000005.ldb`];

/** Caches and crash dumps: disposable, and most of the bytes of a real profile. */
const CACHE_FILES = [
  'Default/Cache/Cache_Data/data_1', 'Default/Cache/Cache_Data/f_00001a', 'Default/Code Cache/js/index', 'Default/GPUCache/data_0',
  'Default/DawnGraphiteCache/data_0', 'Default/DawnWebGPUCache/data_0', 'Default/Service Worker/CacheStorage/9c/index.txt', 'Crashpad/settings.dat',
];
const CACHE_FILE_BYTES = 4096;

const SETTINGS: Record<string, string> = {
  'First Run': '',
  'Local State': '{"browser":{"enabled_labs_experiments":[]}}',
  'Default/Preferences': '{"profile":{"exit_type":"Normal"}}',
  'Default/Cookies': 'SQLite format 3\0',
  [`${INDEXED_DB}/CURRENT`]: 'MANIFEST-000001\n',
  [`${INDEXED_DB}/MANIFEST-000001`]: 'leveldb manifest',
  [`${LOCAL_STORAGE}/CURRENT`]: 'MANIFEST-000001\n',
  [`${LOCAL_STORAGE}/MANIFEST-000001`]: 'leveldb manifest',
  'Default/Service Worker/Database/CURRENT': 'MANIFEST-000001\n',
};

const CORRUPT = '\0CORRUPT\0';
/** Where corruption can sit: in the login database (only `reset` or a restore helps) or in a cache (`restart` clears those). */
const CORRUPTIBLE = { login: `${INDEXED_DB}/MANIFEST-000001`, cache: 'Default/Code Cache/js/index' } as const;
export type CorruptPlace = keyof typeof CORRUPTIBLE;

/** A session's folder as Chromium keeps it: settings, caches, the login in two databases, three lock links. */
export class ChromiumProfile {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** What Chromium makes of an empty or half-empty folder when it opens it; files that are there stay. */
  open(): void {
    for (const [path, text] of Object.entries(SETTINGS)) this.#writeOnce(path, text);
    for (const path of CACHE_FILES) this.#writeOnce(path, 'cache '.repeat(CACHE_FILE_BYTES / 6));
  }

  /** The token of the linked phone, or null: never linked, unlinked, or only half of the login is there. */
  login(): string | null {
    const [inDatabase, inStorage] = LOGIN_FILES.map((path) => this.#read(path));
    return inDatabase && inDatabase === inStorage ? inDatabase.replace(/^login /, '') : null;
  }

  writeLogin(token: string): void {
    for (const path of LOGIN_FILES) this.#write(path, `login ${token}`);
  }

  removeLogin(): void {
    for (const path of LOGIN_FILES) rmSync(join(this.dir, path), { force: true });
  }

  corrupt(place: CorruptPlace): void {
    this.#write(CORRUPTIBLE[place], CORRUPT);
  }

  isCorrupt(): boolean {
    return Object.values(CORRUPTIBLE).some((path) => this.#read(path)?.startsWith(CORRUPT));
  }

  /** `SingletonLock` -> `<hostname>-<pid>`; the other two point at things that need not exist either. */
  lock(host: string, pid: number): void {
    this.unlock();
    mkdirSync(this.dir, { recursive: true });
    symlinkSync(`${host}-${pid}`, join(this.dir, 'SingletonLock'));
    symlinkSync(`${(pid * 2654435761) % 2 ** 32}`, join(this.dir, 'SingletonCookie'));
    symlinkSync(`/tmp/org.chromium.Chromium.${pid}/SingletonSocket`, join(this.dir, 'SingletonSocket'));
  }

  unlock(): void {
    for (const link of ['SingletonLock', 'SingletonCookie', 'SingletonSocket']) rmSync(join(this.dir, link), { force: true });
  }

  /** Who holds the lock, dangling or not. */
  lockedBy(): { host: string; pid: number } | null {
    try {
      const [, host, pid] = /^(.*)-(\d+)$/.exec(readlinkSync(join(this.dir, 'SingletonLock')))!;
      return { host: host!, pid: Number(pid) };
    } catch {
      return null; // no link: nobody
    }
  }

  #read(path: string): string | null {
    try {
      return readFileSync(join(this.dir, path), 'utf8');
    } catch {
      return null; // gone is an answer here
    }
  }

  #writeOnce(path: string, text: string): void {
    if (this.#read(path) === null) this.#write(path, text);
  }

  #write(path: string, text: string): void {
    const full = join(this.dir, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }
}

/** The sessions that have a token file, as `show-all-sessions` lists them. */
export const tokenFileNames = (tokensDir: string): string[] =>
  readdirSync(tokensDir).filter((name) => name.endsWith('.data.json')).map((name) => name.slice(0, -'.data.json'.length)).toSorted();

import { readdir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Folder, nullIfGone } from './folder.ts';
import { isPlainName, requirePlainName, STAGING } from './names.ts';
import { StoreError, type FileEntry, type Inventory, type LiveLock, type Role, type Store } from './store.ts';
import { refuse, refuseRoot, walk, type Kind } from './walk.ts';

/** Made by a running Chromium, gone only after a clean close; dangling symlinks when stale (seen with Chromium 156). */
const LOCKS = ['SingletonLock', 'SingletonCookie', 'SingletonSocket'];
const CACHES = [/^Cache$/, /^Code Cache$/, /^GPUCache$/, /^Dawn[A-Za-z]*Cache$/, /^Crashpad$/];
const TOKEN_FILE = '.data.json';

export interface ChromiumProfileOptions {
  /** WPPCONNECT_USER_DATA_DIR as this process sees it. */
  userDataDir: string;
  /** WPPCONNECT_TOKENS_DIR as this process sees it; null where it is not mounted. */
  tokensDir: string | null;
  /** The profile folder's names inside the gateway's container, as its Chromium gets them in `--user-data-dir`. */
  containerDirs?: string[];
}

/** wppconnect-server: `<userDataDir>/<S>/` is the login, `<tokensDir>/<S>.data.json` its webhook configuration. */
export class ChromiumProfileStore implements Store {
  readonly kind = 'chromium-profile';
  readonly tellsKeysFromLogin = false;
  readonly #options: ChromiumProfileOptions;

  constructor(options: ChromiumProfileOptions) {
    this.#options = options;
  }

  async list(): Promise<string[]> {
    const names = new Set<string>();
    for (const entry of await readdir(this.#options.userDataDir, { withFileTypes: true }).catch((cause) => refuseRoot(this.#options.userDataDir, 'WPPCONNECT_USER_DATA_DIR', cause))) {
      if (entry.isDirectory() && entry.name !== STAGING) names.add(entry.name);
    }
    for (const file of this.#options.tokensDir ? await readdir(this.#options.tokensDir).catch((cause) => refuseRoot(this.#options.tokensDir!, 'WPPCONNECT_TOKENS_DIR', cause)) : []) {
      if (file.endsWith(TOKEN_FILE) && isPlainName(file.slice(0, -TOKEN_FILE.length))) names.add(file.slice(0, -TOKEN_FILE.length));
    }
    return [...names].sort();
  }

  async inventory(name: string): Promise<Inventory> {
    const root = await this.#profile(name);
    const base = await Folder.open(await this.#base());
    const profile = await base.look(name).finally(() => base.close());
    const files = profile === null ? [] : await walk(root, roleInProfile);
    return { files: [...files, ...(await this.#tokenFile(name))], keys: [] };
  }

  async locks(name: string): Promise<LiveLock[]> {
    const root = await this.#profile(name);
    const found: LiveLock[] = [];
    for (const lock of LOCKS) {
      const target = await readlink(join(root, lock)).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'EINVAL') return '';
        return nullIfGone(cause);
      }).catch((cause) => refuse(join(root, lock), cause));
      if (target !== null) found.push({ path: join(root, lock), target });
    }
    return found;
  }

  browserDirs(name: string): string[] {
    requirePlainName(name);
    return [...(this.#options.containerDirs ?? ['/usr/src/wpp-server/userDataDir', './userDataDir', 'userDataDir']), this.#options.userDataDir]
      .map((base) => `${base.replace(/\/+$/, '')}/${name}`);
  }

  async owns(name: string): Promise<(root: string, path: string) => boolean> {
    const profile = await this.#profile(name);
    const dir = this.#options.tokensDir;
    const tokens = dir === null ? null : await realpath(dir).catch((cause) => refuseRoot(dir, 'WPPCONNECT_TOKENS_DIR', cause));
    return (root, path) => root === profile || (root === tokens && path === name + TOKEN_FILE);
  }

  /** The configured folder may be reached through links (the operator's own choice); below it none is followed. */
  async #base(): Promise<string> {
    return realpath(this.#options.userDataDir).catch((cause) => refuseRoot(this.#options.userDataDir, 'WPPCONNECT_USER_DATA_DIR', cause));
  }

  async #profile(name: string): Promise<string> {
    return join(await this.#base(), requirePlainName(name));
  }

  async #tokenFile(name: string): Promise<FileEntry[]> {
    const dir = this.#options.tokensDir;
    if (dir === null) return [];
    const root = await realpath(dir).catch((cause) => refuseRoot(dir, 'WPPCONNECT_TOKENS_DIR', cause));
    const folder = await Folder.open(root);
    const path = requirePlainName(name + TOKEN_FILE);
    const stats = await folder.look(path).finally(() => folder.close());
    if (stats === null) return [];
    if (!stats.isFile()) throw new StoreError('unsafe', `${join(root, path)} is not a regular file, so this session is left alone; put its webhook configuration back as a file`);
    return [{ root, path, type: 'file', role: 'kept' }];
  }
}

function roleInProfile(path: string, kind: Kind): Role {
  const parts = path.split('/');
  if (parts[0] === STAGING) return 'disposable';
  if (parts.length === 1 && LOCKS.includes(path)) return kind === 'symlink' ? 'disposable' : 'login';
  return isCache(parts) ? 'disposable' : 'login';
}

/** Caches stand in the user data folder itself or in a profile folder such as `Default`, never deeper. */
function isCache(parts: string[]): boolean {
  const named = (part: string | undefined) => part !== undefined && CACHES.some((cache) => cache.test(part));
  return named(parts[0]) || named(parts[1]) || (parts[1] === 'Service Worker' && parts[2] === 'CacheStorage');
}

import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Folder } from './folder.ts';
import { isPlainName, requirePlainName, shown, STAGING } from './names.ts';
import { StoreError, type Inventory, type Role, type Store } from './store.ts';
import { refuse, refuseRoot, walk, type Kind } from './walk.ts';

/** The signal key types of `useMultiFileAuthState` that are made again after a start (baileys 7 `SignalDataTypeMap`). */
const KEY_FILE = /^(session|sender-key-memory|sender-key|pre-key|device-list|lid-mapping|tctoken|identity-key|app-state-sync-version)-.+\.json$/s;
const LOGIN_FILE = /^(creds\.json|app-state-sync-key-.+\.json)$/s;
const PEER_FILE = /^session-(.+)\.json$/s;

const isSessionFile = (name: string): boolean => KEY_FILE.test(name) || LOGIN_FILE.test(name);

/** `<dir>/<company>/<id>` or `<dir>/<id>`, one folder per session as baileys' `useMultiFileAuthState` writes it. */
export class BaileysFilesStore implements Store {
  readonly kind = 'baileys-files';
  readonly tellsKeysFromLogin = true;
  readonly #dir: string;

  /** `dir`: BAILEYS_SESSIONS_DIR. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  async list(): Promise<string[]> {
    return [...(await this.#found()).keys()].sort();
  }

  async inventory(name: string): Promise<Inventory> {
    const root = await this.#folder(name);
    const files = await walk(root, roleOfFile);
    for (const entry of files) if (entry.path === 'creds.json') entry.mustParse = 'json';
    return { files, keys: [] };
  }

  /** Also true for a folder that is gone: a backup may bring it back. */
  async owns(name: string): Promise<(root: string, path: string) => boolean> {
    const parts = name.split('/').map(requirePlainName);
    const dir = await realpath(this.#dir).catch((cause) => refuseRoot(this.#dir, 'BAILEYS_SESSIONS_DIR', cause));
    return (root) => {
      const below = root.startsWith(`${dir}/`) ? root.slice(dir.length + 1).split('/') : [];
      return below.length >= parts.length && below.length <= 2 && below.at(-1) === parts.at(-1) && (parts.length === 1 || below[0] === parts[0]);
    };
  }

  /** Peer address, as in `session-<address>.json`, to the sessions that hold it. */
  async peers(): Promise<Map<string, string[]>> {
    const holders = new Map<string, string[]>();
    for (const [name, root] of await this.#found()) {
      for (const file of await namesIn(root)) {
        const address = PEER_FILE.exec(file)?.[1];
        if (address !== undefined) holders.set(address, [...(holders.get(address) ?? []), name]);
      }
    }
    return holders;
  }

  async #folder(name: string): Promise<string> {
    for (const part of name.split('/')) requirePlainName(part);
    const root = (await this.#found()).get(name);
    if (root !== undefined) return root;
    throw new StoreError('unreadable', `${this.#dir} holds no folder of session ${shown(name)}, so there is nothing to back up or to clear; check BAILEYS_SESSIONS_DIR`);
  }

  /** Sessions by name. Two companies with the same id never merge: both are then called `<company>/<id>`. */
  async #found(): Promise<Map<string, string>> {
    const dir = await realpath(this.#dir).catch((cause) => refuseRoot(this.#dir, 'BAILEYS_SESSIONS_DIR', cause));
    const places: { id: string; full: string; root: string }[] = [];
    for (const outer of await foldersIn(dir)) {
      const inner = (await namesIn(join(dir, outer))).some(isSessionFile) ? [] : await foldersIn(join(dir, outer));
      if (inner.length === 0) places.push({ id: outer, full: outer, root: join(dir, outer) });
      for (const id of inner) places.push({ id, full: `${outer}/${id}`, root: join(dir, outer, id) });
    }
    const single = (id: string) => places.filter((place) => place.id === id).length === 1;
    return new Map(places.map((place) => [single(place.id) ? place.id : place.full, place.root]));
  }
}

/** An empty folder counts as a session: a reset leaves one. */
async function foldersIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((cause) => refuse(dir, cause));
  return entries.filter((entry) => entry.isDirectory() && entry.name !== STAGING && isPlainName(entry.name)).map((entry) => entry.name).sort();
}

async function namesIn(dir: string): Promise<string[]> {
  const folder = await Folder.open(dir).catch((cause) => refuse(dir, cause));
  return folder.names().catch((cause) => refuse(dir, cause)).finally(() => folder.close());
}

function roleOfFile(path: string, kind: Kind): Role {
  if (path.split('/')[0] === STAGING) return 'disposable';
  return kind === 'file' && KEY_FILE.test(path) && !path.includes('/') ? 'keys' : 'login';
}

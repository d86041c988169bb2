import { hash } from 'node:crypto';
import { rmdir, unlink } from 'node:fs/promises';
import { FolderCursor } from '../stores/folder.ts';
import { isKeyStore } from '../stores/redis.ts';
import { StoreError, type FileEntry, type Role, type Store } from '../stores/store.ts';
import { kindOf } from '../stores/walk.ts';
import { rootOf, type Manifest } from './manifest.ts';
import { changed } from './faults.ts';
import { sameFile } from './snapshot.ts';

/** What each rung may take away. Configuration is never among it. */
export const CLEARED_ROLES: Record<'repair' | 'reset', ReadonlySet<Role>> = {
  repair: new Set<Role>(['keys']),
  reset: new Set<Role>(['keys', 'login']),
};

/**
 * Deletes exactly the files the manifest names with one of these roles, each looked at again at that moment: the same
 * inode, size and time, reached through real folders only. What is gone already (a killed run) is passed over.
 * Rejects with a StoreError at the first one that is not what was backed up. Returns how many it deleted.
 */
export async function clearFiles(manifest: Manifest, roles: ReadonlySet<Role>, mayGoOn: () => void): Promise<number> {
  let deleted = 0;
  const cursor = new FolderCursor();
  try {
    for (const file of manifest.files.filter((entry) => entry.type !== 'directory' && roles.has(entry.role))) {
      mayGoOn();
      const held = await find(cursor, rootOf(manifest, file), file.path);
      if (!held) continue;
      if (!sameFile(file, held.stats)) changed(`${rootOf(manifest, file)}/${file.path}`);
      await unlink(held.folder.at(held.name));
      deleted++;
    }
    // Children come after their folder in the manifest, so the reverse empties from below.
    for (const folder of manifest.files.filter((entry) => entry.type === 'directory' && roles.has(entry.role)).reverse()) {
      mayGoOn();
      await removeFolder(cursor, rootOf(manifest, folder), folder.path, folder);
    }
  } finally {
    await cursor.close();
  }
  return deleted;
}

async function removeFolder(cursor: FolderCursor, root: string, path: string, expected?: Manifest['files'][number]): Promise<void> {
  const held = await find(cursor, root, path);
  if (!held) return;
  if (expected && !sameFile(expected, held.stats)) changed(`${root}/${path}`);
  await rmdir(held.folder.at(held.name)).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOTEMPTY' || cause.code === 'EEXIST') changed(`${root}/${path} holds something new; it`, cause);
    throw cause;
  });
}

/** Deletes caches and stale locks, by list; they have no archive. A folder that is not empty afterwards stays. */
export async function unlinkDisposable(entries: readonly FileEntry[], mayGoOn: () => void): Promise<number> {
  let deleted = 0;
  const cursor = new FolderCursor();
  try {
    for (const entry of [...entries].reverse()) {
      mayGoOn();
      const held = await find(cursor, entry.root, entry.path);
      if (!held) continue;
      if (kindOf(held.stats) !== entry.type) changed(`${entry.root}/${entry.path}`);
      if (entry.type === 'directory') await removeFolder(cursor, entry.root, entry.path);
      else await unlink(held.folder.at(held.name));
      deleted++;
    }
  } finally {
    await cursor.close();
  }
  return deleted;
}

async function find(cursor: FolderCursor, root: string, path: string) {
  try {
    const { folder, name } = await cursor.holding(root, path);
    const stats = await folder.look(name);
    return stats && { folder, name, stats };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Keys between a look and their deletion: few, so that the look is fresh. */
const KEYS_AT_ONCE = 200;
/** The first byte of a DUMP is the type; the bytes of a string are the same for the same value, those of a hash or set need not be. */
const STRING = 0;

/**
 * Unlinks exactly the manifest's keys with one of these roles, each looked at again just before. Rejects with a StoreError at the
 * first that holds another value than was backed up. Returns how many were there.
 */
export async function clearKeys(manifest: Manifest, roles: ReadonlySet<Role>, stores: readonly { store: Store; name: string }[], mayGoOn: () => void): Promise<number> {
  const keys = manifest.keys.filter(({ role }) => roles.has(role));
  if (keys.length === 0) return 0;
  const store = stores.map((held) => held.store).find(isKeyStore);
  if (!store) throw new StoreError('unreachable', 'the backup holds Redis keys, but Redis is no longer configured, so they cannot be cleared; set REDIS_URL again');
  let gone = 0;
  for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
    mayGoOn();
    const some = keys.slice(at, at + KEYS_AT_ONCE);
    const sums = new Map(some.map(({ key, sha256 }) => [key, sha256]));
    // What is gone already (a killed run, a life that ran out) is passed over.
    for await (const { key, dump } of store.dump(some.map(({ key: name }) => ({ key: name, expires: true as const })))) {
      if (dump[0] === STRING && hash('sha256', dump) !== sums.get(key)) changed(`the Redis key ${JSON.stringify(key)}`);
    }
    gone += await store.unlink(some.map(({ key }) => key));
  }
  return gone;
}

import type { BigIntStats } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { textOfBytes } from '../stores/bytes.ts';
import { FolderCursor } from '../stores/folder.ts';
import type { FileEntry, Inventory, Store } from '../stores/store.ts';
import { kindOf, refuse } from '../stores/walk.ts';
import { changed } from './faults.ts';
import type { ManifestFile } from './manifest.ts';

export interface Snapshot {
  roots: string[];
  files: ManifestFile[];
  /** Left out of backups: caches, stale locks. */
  disposable: { root: number; path: string; type: FileEntry['type'] }[];
  mustParse: { root: number; path: string }[];
}

/** The inventories' files with everything that is needed to put them back, except their bytes. */
export async function snapshot(inventories: readonly Inventory[], signal: AbortSignal): Promise<Snapshot> {
  const roots = [...new Set(inventories.flatMap((inventory) => inventory.files.map((file) => file.root)))];
  const result: Snapshot = { roots, files: [], disposable: [], mustParse: [] };
  const cursor = new FolderCursor();
  try {
    for (const entry of inventories.flatMap((inventory) => inventory.files)) {
      signal.throwIfAborted();
      const root = roots.indexOf(entry.root);
      if (entry.role === 'disposable') result.disposable.push({ root, path: entry.path, type: entry.type });
      else result.files.push(await describe(cursor, entry, root, entry.role));
      if (entry.mustParse) result.mustParse.push({ root, path: entry.path });
    }
  } finally {
    await cursor.close();
  }
  return result;
}

async function describe(cursor: FolderCursor, entry: FileEntry, root: number, role: ManifestFile['role']): Promise<ManifestFile> {
  const where = `${entry.root}/${entry.path}`;
  const { folder, name } = await cursor.holding(entry.root, entry.path).catch((cause) => refuse(where, cause));
  const stats = await folder.lstat(name).catch((cause) => refuse(where, cause));
  if (kindOf(stats) !== entry.type) changed(where);
  const target = entry.type === 'symlink' ? { target: textOfBytes(await readlink(folder.at(name), { encoding: 'buffer' }).catch((cause) => refuse(where, cause))) } : {};
  return {
    root, path: entry.path, type: entry.type, role, mode: Number(stats.mode) & 0o7777, uid: Number(stats.uid), gid: Number(stats.gid),
    size: entry.type === 'file' ? Number(stats.size) : 0, mtimeNs: String(stats.mtimeNs), ino: String(stats.ino), ...target,
  };
}

/** The same file, untouched since the manifest saw it. */
export function sameFile(file: ManifestFile, stats: BigIntStats): boolean {
  if (kindOf(stats) !== file.type || String(stats.ino) !== file.ino) return false;
  return file.type === 'directory' || (String(stats.mtimeNs) === file.mtimeNs && (file.type === 'symlink' || Number(stats.size) === file.size));
}

/** Inventories of all stores of a session, each under the spelling of its own. */
export function inventoriesOf(stores: readonly { store: Store; name: string }[]): Promise<Inventory[]> {
  return Promise.all(stores.map(({ store, name }) => store.inventory(name)));
}

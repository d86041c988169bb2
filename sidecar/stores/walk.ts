import type { BigIntStats } from 'node:fs';
import { Folder } from './folder.ts';
import { StoreError, type FileEntry, type Role } from './store.ts';

export type Kind = FileEntry['type'];

/**
 * Everything below `root`, folders before what they hold, never through a link. The root itself is the entry `.`,
 * which is always `kept`. Throws a StoreError: `unreadable` where the rights are missing, `unsafe` for a socket,
 * pipe or device (it cannot be put back), `changed` when something vanishes meanwhile.
 */
export async function walk(root: string, roleOf: (path: string, kind: Kind) => Role): Promise<FileEntry[]> {
  const entries: FileEntry[] = [{ root, path: '.', type: 'directory', role: 'kept' }];
  const folder = await Folder.open(root).catch((cause) => refuse(root, cause));
  try {
    await visit(folder, '', root, roleOf, entries);
  } finally {
    await folder.close();
  }
  return entries;
}

async function visit(folder: Folder, prefix: string, root: string, roleOf: (path: string, kind: Kind) => Role, entries: FileEntry[]): Promise<void> {
  for (const { name, type: told } of await folder.entries().catch((cause) => refuse(folder.path, cause))) {
    const path = prefix + name;
    // A file system that does not tell kinds is asked for each.
    const type = told === 'other' ? kindOf(await folder.lstat(name).catch((cause) => refuse(`${root}/${path}`, cause))) : told;
    if (type === null) throw new StoreError('unsafe', `${root}/${path} is a socket, pipe or device, which no backup can hold, so the session's files are left alone; remove it if it is a leftover`);
    entries.push({ root, path, type, role: roleOf(path, type) });
    if (type !== 'directory') continue;
    const below = await folder.sub(name).catch((cause) => refuse(`${root}/${path}`, cause));
    try {
      await visit(below, `${path}/`, root, roleOf, entries);
    } finally {
      await below.close();
    }
  }
}

export function kindOf(stats: BigIntStats): Kind | null {
  return stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'symlink' : null;
}

/** A store's own folder that is not there: no session is being written, the mount or the setting is wrong. */
export function refuseRoot(path: string, setting: string, cause: NodeJS.ErrnoException): never {
  if (cause.code !== 'ENOENT') refuse(path, cause);
  throw new StoreError('unreadable', `${path} is not there, so the data of its sessions can be neither backed up nor cleared; mount the gateway's folder there, or correct ${setting}`, { cause });
}

/** An error of the file system in the operator's words. */
export function refuse(path: string, cause: NodeJS.ErrnoException): never {
  if (cause instanceof StoreError) throw cause;
  if (cause.code === 'ENOENT') throw new StoreError('changed', `${path} vanished while it was read, so something still writes to this session; it is left alone until it is really closed`, { cause });
  if (cause.code === 'ENOSPC' || cause.code === 'EDQUOT') throw new StoreError('no-space', `no space left at ${path}; free some space on that volume`, { cause });
  throw new StoreError('unreadable', `${path} cannot be read (${cause.code ?? cause.message}), so the session cannot be backed up or repaired; run the sidecar as a user that owns the session folders`, { cause });
}

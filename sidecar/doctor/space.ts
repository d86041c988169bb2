import { lstat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../stores/store.ts';
import { sizeInWords } from '../report/units.ts';
import type { SpaceDeps } from './folders.ts';

/** What a backup of that session would hold, in bytes: everything but locks and caches. */
async function bytesOf(store: Store, name: string): Promise<number> {
  const { files } = await store.inventory(name);
  let bytes = 0;
  for (const { root, path, type, role } of files) {
    if (type !== 'file' || role === 'disposable') continue;
    // A running browser removes files between the listing and this look.
    bytes += await lstat(join(root, path)).then(({ size }) => size, () => 0);
  }
  return bytes;
}

async function freeAt(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

export const SPACE: SpaceDeps = { bytesOf, freeAt, inWords: sizeInWords };

import { open } from 'node:fs/promises';
import { isKeyStore } from '../stores/redis.ts';
import type { Role, Store } from '../stores/store.ts';
import { entryId, writeArchive } from './archive.ts';
import type { BackupFolder } from './backup-folder.ts';
import { backupFault, changed } from './faults.ts';
import type { Manifest } from './manifest.ts';
import { assertCouldPutBack } from './rights.ts';
import { inventoriesOf, sameFile, snapshot, type Snapshot } from './snapshot.ts';
import { verifyArchive } from './unpack.ts';
import { FolderCursor } from '../stores/folder.ts';

export interface BackupRequest {
  id: string;
  session: string;
  repair: string;
  rung: Manifest['rung'];
  reason: string;
  at: number;
  stores: readonly { store: Store; name: string }[];
  /** The state before a restore is kept as it is, damaged or not: it is for undoing, not a good state. */
  acceptDamaged: boolean;
  /** What is deleted or replaced after it, so that it must be possible to put it back; none where that is tried in any case. */
  goesAway?: ReadonlySet<Role>;
}

/**
 * Backs up a closed session: archive under a temporary name, fsynced, read back against the manifest, the session
 * looked at once more, then renamed into place. Rejects with a StoreError; then nothing of it is left behind.
 */
export async function makeBackup(folder: BackupFolder, request: BackupRequest, signal: AbortSignal): Promise<Manifest> {
  const inventories = await inventoriesOf(request.stores);
  const seen = await snapshot(inventories, signal);
  const manifest: Manifest = {
    version: 1, session: request.session, repair: request.repair, rung: request.rung, reason: request.reason, at: new Date(request.at).toISOString(),
    roots: seen.roots, files: seen.files, disposable: seen.disposable.map(({ root, path }) => ({ root, path })), archiveBytes: 0,
    keys: inventories.flatMap((inventory) => inventory.keys.map(({ key, role }) => ({ key, role, pttl: -1, size: 0, sha256: '' }))),
  };
  assertCouldPutBack(manifest, request.goesAway ?? new Set());
  const keyStores = request.stores.flatMap(({ store }, index) => (isKeyStore(store) ? [{ store, keys: inventories[index]!.keys }] : []));
  try {
    await writeAndVerify(folder, request, { manifest, keyStores, mustParse: new Set(seen.mustParse.map(entryId)), acceptDamaged: request.acceptDamaged }, signal);
    await assertUnchanged(request, manifest, seen, signal);
    await folder.publish(request.id, manifest).catch((cause) => backupFault(folder.dir, cause));
    return manifest;
  } catch (error) {
    await folder.sweep(request.id).catch(() => undefined); // the first failure is the one to tell
    throw error;
  }
}

async function writeAndVerify(folder: BackupFolder, request: BackupRequest, source: Parameters<typeof writeArchive>[0], signal: AbortSignal): Promise<void> {
  const path = folder.partial(request.id);
  await folder.prepare(request.id).catch((cause) => backupFault(folder.dir, cause));
  const out = await open(path, 'w', 0o600).catch((cause) => backupFault(folder.dir, cause));
  try {
    await writeArchive(source, out, signal);
    await out.sync();
    source.manifest.archiveBytes = (await out.stat()).size;
  } catch (cause) {
    backupFault(folder.dir, cause as NodeJS.ErrnoException);
  } finally {
    await out.close();
  }
  await verifyArchive(source.manifest, path);
}

/** The session still is what the manifest says: nothing new, nothing gone, nothing written. */
export async function assertUnchanged(request: Pick<BackupRequest, 'stores'>, manifest: Manifest, seen: Pick<Snapshot, 'roots'>, signal: AbortSignal): Promise<void> {
  const inventories = await inventoriesOf(request.stores);
  const known = new Map(manifest.files.map((file) => [`${seen.roots[file.root]}/${file.path}`, file]));
  const cursor = new FolderCursor();
  try {
    for (const entry of inventories.flatMap((inventory) => inventory.files)) {
      signal.throwIfAborted();
      if (entry.role === 'disposable') continue;
      const where = `${entry.root}/${entry.path}`;
      const file = known.get(where);
      const held = await cursor.holding(entry.root, entry.path);
      if (!file || !sameFile(file, await held.folder.lstat(held.name).catch((cause) => changed(where, cause)))) changed(where);
      known.delete(where);
    }
  } finally {
    await cursor.close();
  }
  const [gone] = known.keys();
  if (gone !== undefined) changed(gone);
  const keys = new Set(manifest.keys.map(({ key }) => key));
  for (const { key } of inventories.flatMap((inventory) => inventory.keys)) if (!keys.has(key)) changed(`the Redis key ${JSON.stringify(key)}`);
}

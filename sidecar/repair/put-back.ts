import type { BigIntStats } from 'node:fs';
import { mkdir, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Folder, FolderCursor } from '../stores/folder.ts';
import { isKeyStore, type DumpedKey, type KeyStore } from '../stores/redis.ts';
import { StoreError, type FileEntry, type Store } from '../stores/store.ts';
import { refuse } from '../stores/walk.ts';
import { CLEARED_ROLES } from './clear.ts';
import { assertOwn, compare, extraKeysOf, stateOf, type Difference } from './compare.ts';
import { KeysNotBack } from './faults.ts';
import { memberOfKey, rootOf, type Manifest, type ManifestFile } from './manifest.ts';
import { setFile, setFolder, setLike, setLink } from './metadata.ts';
import { sameFile } from './snapshot.ts';
import { assertCouldPutBack } from './rights.ts';
import { Staging } from './staging.ts';
import { readArchive } from './unpack.ts';

export interface PutBack {
  manifest: Manifest;
  archive: string;
  stores: readonly { store: Store; name: string }[];
  /** Backups of the present state: what is too many may be removed only if it is in one of them. */
  present: readonly Manifest[];
  /** `none` where nobody has touched them: then Redis may be away. */
  keys: 'all' | 'none';
  mayGoOn: () => void;
}

export interface PutBackResult {
  written: number;
  removed: number;
  keys: number;
  /** Too many, but in no backup, so left where it is. */
  left: number;
}

/** Keys are put back in groups of this size, to bound what is held in memory. */
const KEY_BATCH = 200;

/**
 * Brings files, modes, owners, times, links and keys back to the manifest, in two phases: everything that needs
 * space is first written beside the session's files and checked, then switched in by renames. A failure in the first
 * phase (a full disk) changes nothing. Running it again, from anywhere, ends in the same state. Rejects with
 * KeysNotBack when the files are back and Redis cannot be used.
 */
export async function putBack(request: PutBack): Promise<PutBackResult> {
  const { manifest, stores } = request;
  await Staging.sweep(manifest);
  const difference = await compare(manifest, stores);
  const staging = new Staging(manifest);
  try {
    await staging.fill(request.archive, difference.write.filter((index) => manifest.files[index]!.type !== 'directory'));
    request.mayGoOn();
    const { removed, left } = await removeExtras(request, difference.extra);
    await makeFolders(manifest, difference.write);
    await staging.switchIn();
    await touch(manifest, difference.touch);
    await staging.remove();
    await touchFolders(manifest);
    const keys = request.keys === 'none' ? 0 : await putKeysBack(request).catch(keysNotBack);
    return { written: difference.write.length, removed, keys, left };
  } finally {
    await staging.remove();
  }
}

async function removeExtras(request: PutBack, extra: readonly FileEntry[]): Promise<{ removed: number; left: number }> {
  const isCovered = coverage(request.present);
  const result = { removed: 0, left: 0 };
  const cursor = new FolderCursor();
  try {
    for (const entry of [...extra].reverse()) {
      request.mayGoOn();
      const { folder, name } = await cursor.holding(entry.root, entry.path);
      const stats = await folder.look(name);
      if (!stats) continue;
      if (!(await isCovered(cursor, entry, stats))) result.left++;
      else {
        const gone = entry.type === 'directory' ? await rmdir(folder.at(name)).then(() => true, keptIfFull) : await unlink(folder.at(name)).then(() => true);
        result[gone ? 'removed' : 'left']++;
      }
    }
  } finally {
    await cursor.close();
  }
  return result;
}

/** Whether these very bytes are in one of the backups. */
function coverage(backups: readonly Manifest[]) {
  const known = backups.map((manifest) => new Map(manifest.files.map((file) => [`${file.type} ${rootOf(manifest, file)}/${file.path}`, { manifest, file }])));
  return async (cursor: FolderCursor, entry: FileEntry, stats: BigIntStats): Promise<boolean> => {
    for (const files of known) {
      const found = files.get(`${entry.type} ${entry.root}/${entry.path}`);
      if (found && (sameFile(found.file, stats) || (await stateOf(cursor, entry.root, found.file)) !== 'write')) return true;
    }
    return false;
  };
}

function keptIfFull(error: NodeJS.ErrnoException): false {
  if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
  throw error;
}

/** What can be seen beforehand to stand in the way of putting that backup back is refused with a StoreError; missing folders are made. */
export async function makeReady(manifest: Manifest, stores: PutBack['stores']): Promise<void> {
  await assertOwn(manifest, stores);
  assertCouldPutBack(manifest, CLEARED_ROLES.reset);
  await makeRoots(manifest);
}

/** Makes the session's own folders again where they are gone, and the company's folder around one, never the folder of all sessions. */
async function makeRoots(manifest: Manifest): Promise<void> {
  for (const root of manifest.roots) {
    await makeIn(dirname(root), basename(root)).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await makeIn(dirname(dirname(root)), basename(dirname(root)), true).catch((cause: NodeJS.ErrnoException) => refuse(dirname(root), cause));
      await makeIn(dirname(root), basename(root));
    });
  }
}

/** `alike`: with the rights of the folder it is made in, for no backup knows its own. */
async function makeIn(folder: string, name: string, alike = false): Promise<void> {
  const parent = await Folder.open(folder);
  try {
    if (await parent.look(name)) return;
    await mkdir(parent.at(name), { mode: 0o700 });
    if (alike) await parent.sub(name).then((made) => setLike(made, parent).finally(() => made.close()));
  } finally {
    await parent.close();
  }
}

async function makeFolders(manifest: Manifest, write: Difference['write']): Promise<void> {
  const cursor = new FolderCursor();
  try {
    for (const file of write.map((index) => manifest.files[index]!).filter(({ type }) => type === 'directory')) {
      const { folder, name } = await cursor.holding(rootOf(manifest, file), file.path);
      // A link in the place of a folder of ours holds no data and is not followed: it makes way.
      if ((await folder.look(name))?.isSymbolicLink()) await unlink(folder.at(name));
      await mkdir(folder.at(name), { mode: 0o700 });
    }
  } finally {
    await cursor.close();
  }
}

async function touch(manifest: Manifest, indexes: readonly number[]): Promise<void> {
  const cursor = new FolderCursor();
  try {
    for (const file of indexes.map((index) => manifest.files[index]!)) {
      if (file.type === 'directory') continue;
      const { folder, name } = await cursor.holding(rootOf(manifest, file), file.path);
      if (file.type === 'symlink') await setLink(folder, name, file);
      else {
        const handle = await folder.openFile(name);
        await setFile(handle, file).finally(() => handle.close());
      }
    }
  } finally {
    await cursor.close();
  }
}

/** From below upwards, after everything else: each rename has moved the time of its folder. */
async function touchFolders(manifest: Manifest): Promise<void> {
  const folders: ManifestFile[] = manifest.files.filter(({ type }) => type === 'directory').reverse();
  for (const file of folders) {
    const folder = await Folder.open(rootOf(manifest, file)).then((root) => (file.path === '.' ? root : enter(root, file.path)));
    await folder.sync().then(() => setFolder(folder, file)).finally(() => folder.close());
  }
}

async function enter(root: Folder, path: string): Promise<Folder> {
  return root.sub(path).finally(() => root.close());
}

async function putKeysBack(request: PutBack): Promise<number> {
  const { manifest } = request;
  const store = request.stores.map((held) => held.store).find(isKeyStore);
  if (!store) return 0;
  const covered = new Set(request.present.flatMap((backup) => backup.keys).map(({ key }) => key));
  const extra = await extraKeysOf(manifest, request.stores);
  await store.unlink(extra.filter((key) => covered.has(key)));
  if (manifest.keys.length === 0) return 0;
  await eachBatch(request, (batch) => store.putBack(batch));
  return manifest.keys.length;
}

/**
 * Puts back what is missing of the backup's keys and replaces nothing, so that it is right under a session that runs. Returns how
 * many were missing.
 */
export async function putMissingKeysBack(request: Pick<PutBack, 'manifest' | 'archive' | 'mayGoOn'>, store: KeyStore): Promise<number> {
  let missing = 0;
  await eachBatch(request, async (batch) => void (missing += await store.putBackMissing(batch)));
  return missing;
}

async function eachBatch({ manifest, archive, mayGoOn }: Pick<PutBack, 'manifest' | 'archive' | 'mayGoOn'>, put: (batch: DumpedKey[]) => Promise<void>): Promise<void> {
  let batch: DumpedKey[] = [];
  const flush = async () => {
    mayGoOn();
    await put(batch);
    batch = [];
  };
  const first = manifest.files.length;
  await readArchive(archive, async (member, index) => {
    const key = manifest.keys[index - first];
    if (!key) return;
    if (member.name !== memberOfKey(index - first)) throw new Error('the archive and its manifest do not fit together');
    const pieces: Buffer[] = [];
    for await (const piece of member.bytes) pieces.push(piece);
    batch.push({ key: key.key, pttl: key.pttl, dump: Buffer.concat(pieces) });
    if (batch.length >= KEY_BATCH) await flush();
  });
  if (batch.length > 0) await flush();
}

function keysNotBack(cause: Error): never {
  if (cause instanceof StoreError && cause.code === 'unreachable') throw new KeysNotBack(cause.message, { cause });
  throw cause;
}

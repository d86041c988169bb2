import { readlink } from 'node:fs/promises';
import { textOfBytes } from '../stores/bytes.ts';
import { FolderCursor, nullIfGone } from '../stores/folder.ts';
import { isKeyStore, type KeyStore } from '../stores/redis.ts';
import { StoreError, type FileEntry, type Inventory, type Store } from '../stores/store.ts';
import { kindOf } from '../stores/walk.ts';
import { rootOf, type Manifest, type ManifestFile } from './manifest.ts';
import { sameMetadata } from './metadata.ts';
import { Checksum, readPieces } from './pieces.ts';
import { inventoriesOf, sameFile } from './snapshot.ts';

type Stores = readonly { store: Store; name: string }[];

/** What separates the present state from a backup. Indexes are those of `manifest.files`. */
export interface Difference {
  /** Content missing or different. */
  write: number[];
  /** Content right; mode, owner or time are not. */
  touch: number[];
  /** There now, not in the backup; folders before what they hold. */
  extra: FileEntry[];
}

/**
 * Throws a StoreError `unsafe` when the manifest names a place or a key that is not this session's.
 */
export async function assertOwn(manifest: Manifest, stores: Stores): Promise<void> {
  const owners = await Promise.all(stores.map(({ store, name }) => store.owns?.(name)));
  const stray = manifest.files.find((file) => !owners.some((owns) => owns?.(rootOf(manifest, file), file.path)));
  if (stray) throw new StoreError('unsafe', `the backup holds ${whereOf(manifest, stray)}, which is no place of session ${manifest.session} as it is configured now; nothing is put back; check the session folders in the settings`);
  const keyStore = stores.find(({ store }) => isKeyStore(store));
  const strayKey = manifest.keys.find(({ key }) => !(keyStore?.store as KeyStore | undefined)?.ownsKey(keyStore!.name, key));
  if (strayKey) throw new StoreError(keyStore ? 'unsafe' : 'unreachable', `the backup holds the Redis key ${JSON.stringify(strayKey.key)}, ${keyStore ? `which is none of session ${manifest.session}` : 'but Redis is not configured'}; nothing is put back; check REDIS_URL and REDIS_SESSION_KEYS`);
}

const whereOf = (manifest: Manifest, file: ManifestFile): string => (file.path === '.' ? rootOf(manifest, file) : `${rootOf(manifest, file)}/${file.path}`);

/** Files only: they must come back even while Redis is away. */
export async function compare(manifest: Manifest, stores: Stores): Promise<Difference> {
  const present = await inventoriesOf(stores.filter(({ store }) => !isKeyStore(store)));
  const difference: Difference = { write: [], touch: [], extra: extrasOf(manifest, present) };
  const cursor = new FolderCursor();
  try {
    for (const [index, file] of manifest.files.entries()) {
      const state = await stateOf(cursor, rootOf(manifest, file), file);
      if (state !== 'same') difference[state].push(index);
    }
  } finally {
    await cursor.close();
  }
  return difference;
}

/** Whether putting that backup back would replace or remove bytes that are not its own. */
export async function wouldOverwrite(manifest: Manifest, stores: Stores): Promise<boolean> {
  const { write, extra } = await compare(manifest, stores);
  if (extra.some(({ type }) => type !== 'directory')) return true;
  const cursor = new FolderCursor();
  try {
    for (const file of write.map((index) => manifest.files[index]!)) {
      const stats = await cursor.holding(rootOf(manifest, file), file.path).then(({ folder, name }) => folder.look(name)).catch(nullIfGone);
      if (stats && kindOf(stats) !== 'directory') return true;
    }
  } finally {
    await cursor.close();
  }
  return false;
}

function extrasOf(manifest: Manifest, present: readonly Inventory[]): FileEntry[] {
  const wanted = new Set(manifest.files.map((file) => `${file.type} ${rootOf(manifest, file)}/${file.path}`));
  return present.flatMap(({ files }) => files).filter((entry) => (entry.role === 'keys' || entry.role === 'login') && !wanted.has(`${entry.type} ${entry.root}/${entry.path}`));
}

/** Keys of the session that are there now and not in the backup. */
export async function extraKeysOf(manifest: Manifest, stores: Stores): Promise<string[]> {
  const known = new Set(manifest.keys.map(({ key }) => key));
  const present = await inventoriesOf(stores.filter(({ store }) => isKeyStore(store)));
  return present.flatMap((inventory) => inventory.keys).map(({ key }) => key).filter((key) => !known.has(key));
}

/** Whether that entry of a backup stands there, byte for byte and with its mode, owner and time. */
export async function stateOf(cursor: FolderCursor, root: string, file: ManifestFile): Promise<'same' | 'touch' | 'write'> {
  try {
    const { folder, name } = await cursor.holding(root, file.path);
    const stats = await folder.look(name);
    if (!stats || kindOf(stats) !== file.type) return 'write';
    const metadata = sameMetadata(file, stats) ? 'same' : 'touch';
    if (file.type === 'directory') return metadata;
    if (file.type === 'symlink') return textOfBytes(await readlink(folder.at(name), { encoding: 'buffer' })) === file.target ? metadata : 'write';
    if (sameFile(file, stats)) return metadata;
    if (Number(stats.size) !== file.size) return 'write';
    const handle = await folder.openFile(name);
    const sum = new Checksum();
    try {
      for await (const piece of readPieces(handle, file.size)) sum.update(piece);
    } finally {
      await handle.close();
    }
    return sum.hex() === file.sha256 ? metadata : 'write';
  } catch (error) {
    // Unsafe: a link or a file stands where a folder of the backup belongs; everything below it is missing.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error instanceof StoreError && error.code === 'unsafe' && file.path.includes('/'))) return 'write';
    throw error;
  }
}

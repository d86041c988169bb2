import { hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import type { Header, Pack } from 'tar-stream';
import { FolderCursor } from '../stores/folder.ts';
import type { KeyStore } from '../stores/redis.ts';
import { StoreError, type KeyEntry } from '../stores/store.ts';
import { changed } from './faults.ts';
import { memberOfFile, memberOfKey, rootOf, type Manifest, type ManifestFile } from './manifest.ts';
import { Checksum, readPieces } from './pieces.ts';
import { sameFile } from './snapshot.ts';

/** A `creds.json` is a few kB. What must be whole JSON is held in memory to be checked, so it is bounded. */
const JSON_LIMIT = 8 * 1024 * 1024;

export interface ArchiveSource {
  manifest: Manifest;
  /** Entries whose bytes must be whole JSON, by `entryId`. */
  mustParse: ReadonlySet<string>;
  keyStores: readonly { store: KeyStore; keys: readonly KeyEntry[] }[];
  /** Take a file that must parse and does not, and mark it as damaged. */
  acceptDamaged: boolean;
}

export const entryId = (entry: { root: number; path: string }): string => `${entry.root}/${entry.path}`;

/**
 * Writes the manifest's files and keys into `out` as tar + zstd and fills in checksums and key sizes. Rejects with a
 * StoreError `changed` when a file is not the one the manifest saw, before or after it was read.
 */
export async function writeArchive(source: ArchiveSource, out: FileHandle, signal: AbortSignal): Promise<void> {
  const { pack } = await import('tar-stream'); // with the first archive, not with every start
  const tar = pack();
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  const writing = pipeline(tar, zstd, into(out), { signal });
  const filling = fill(tar, source, signal).then(() => tar.finalize(), (error: Error) => {
    tar.destroy(error);
    throw error;
  });
  const [filled, written] = await Promise.allSettled([filling, writing]);
  // A changed file breaks the filling first, a full disk the writing; the other failure is only its echo.
  if (filled.status === 'rejected' && filled.reason instanceof StoreError) throw filled.reason;
  if (written.status === 'rejected') throw written.reason;
  if (filled.status === 'rejected') throw filled.reason;
}

/** Not `createWriteStream`: a handle whose stream is not destroyed never closes (node 24). */
function into(out: FileHandle): Writable {
  const writeAll = async (piece: Buffer) => {
    for (let done = 0; done < piece.length;) done += (await out.write(piece, done, piece.length - done)).bytesWritten;
  };
  return new Writable({ write: (piece: Buffer, _encoding, done) => void writeAll(piece).then(() => done(), done) });
}

async function fill(tar: Pack, source: ArchiveSource, signal: AbortSignal): Promise<void> {
  const cursor = new FolderCursor();
  try {
    for (const [index, file] of source.manifest.files.entries()) {
      signal.throwIfAborted();
      await addFile(tar, cursor, source, file, index);
    }
  } finally {
    await cursor.close();
  }
  let index = 0;
  for (const { store, keys } of source.keyStores) {
    for await (const { key, pttl, dump } of store.dump(keys)) {
      signal.throwIfAborted();
      const listed = source.manifest.keys;
      let runOut = 0;
      while (listed[index + runOut]!.key !== key) runOut++;
      if (runOut > 0) listed.splice(index, runOut);
      const entry = listed[index]!;
      Object.assign(entry, { pttl, size: dump.length, sha256: hash('sha256', dump) });
      const adding = begin(tar, { name: memberOfKey(index), size: dump.length, mode: 0o600 });
      await adding.write(dump);
      await adding.end();
      index++;
    }
  }
  source.manifest.keys.length = index;
}

async function addFile(tar: Pack, cursor: FolderCursor, source: ArchiveSource, file: ManifestFile, index: number): Promise<void> {
  const header: Partial<Header> & { name: string } = {
    name: memberOfFile(file, index), mode: file.mode & 0o7777, uid: file.uid, gid: file.gid, size: 0,
    mtime: new Date(Number(BigInt(file.mtimeNs) / 1_000_000n)), type: file.type,
  };
  if (file.type !== 'file') {
    await begin(tar, file.type === 'symlink' ? { ...header, linkname: file.target! } : header).done;
    return;
  }
  const where = `${rootOf(source.manifest, file)}/${file.path}`;
  const held = await cursor.holding(rootOf(source.manifest, file), file.path);
  const handle = await held.folder.openFile(held.name).catch((cause) => changed(where, cause));
  try {
    if (!sameFile(file, await handle.stat({ bigint: true }))) changed(where);
    const adding = begin(tar, { ...header, size: file.size });
    const sum = new Checksum();
    const checked = source.mustParse.has(entryId(file)) && file.size <= JSON_LIMIT ? ([] as Buffer[]) : null;
    for await (const piece of readPieces(handle, file.size)) {
      sum.update(piece);
      checked?.push(Buffer.from(piece));
      await adding.write(piece);
    }
    if (!sameFile(file, await handle.stat({ bigint: true }))) changed(where);
    await adding.end();
    file.sha256 = sum.hex();
    if (checked && !isWholeJson(Buffer.concat(checked))) acceptOrRefuse(source, file, where);
  } finally {
    await handle.close();
  }
}

function acceptOrRefuse(source: ArchiveSource, file: ManifestFile, where: string): void {
  if (source.acceptDamaged) file.damaged = true;
  else throw new StoreError('changed', `${where} is empty or cut off, so a backup of it would hold no login; the session is left as it is; if it stays like that, put an older backup back (auto-fix backups, auto-fix restore)`);
}

function isWholeJson(bytes: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  } catch {
    return false;
  }
}

/** One member of the tar: `write` waits while the disk is behind, `end` until the member is whole. */
function begin(tar: Pack, header: Partial<Header> & { name: string }): { write(piece: Buffer): Promise<void>; end(): Promise<void>; done: Promise<void> } {
  const settled = Promise.withResolvers<void>();
  settled.promise.catch(() => undefined);
  const sink = tar.entry(header as Header, (error) => (error ? settled.reject(error) : settled.resolve()));
  sink.on('error', () => undefined); // told through the callback
  return {
    done: settled.promise,
    write: async (piece) => {
      if (sink.write(piece)) return;
      await Promise.race([new Promise<void>((resolve) => void sink.once('drain', () => resolve())), settled.promise]);
    },
    end: () => {
      sink.end(null);
      return settled.promise;
    },
  };
}

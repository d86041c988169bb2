import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import type { Extract } from 'tar-stream';
import { StoreError } from '../stores/store.ts';
import { memberOfFile, memberOfKey, type Manifest } from './manifest.ts';
import { Checksum } from './pieces.ts';

export interface Member {
  name: string;
  size: number;
  bytes: AsyncIterable<Buffer>;
}

/** Hands the members over in order, each to be read or left. Rejects when the archive is cut off or damaged. */
export async function readArchive(path: string, visit: (member: Member, index: number) => Promise<void>): Promise<number> {
  const { extract } = await import('tar-stream'); // with the first archive, not with every start
  const tar = extract();
  // node's own pipeline into a streamx writable that is iterated never ends (seen with tar-stream 3.2).
  const feeding = pipeline(createReadStream(path), createZstdDecompress(), async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) if (!tar.write(piece)) await drained(tar);
    tar.end(null);
  });
  feeding.catch((error: Error) => tar.destroy(error)); // a broken archive ends the reading; told below
  let count = 0;
  try {
    for await (const entry of tar) {
      await visit({ name: entry.header.name, size: entry.header.size ?? 0, bytes: entry as AsyncIterable<Buffer> }, count++);
      entry.resume();
    }
  } catch (error) {
    tar.destroy();
    throw error;
  }
  await feeding;
  return count;
}

/** Resolves when the tar takes more, or takes nothing any more. */
function drained(tar: Extract): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      tar.off('drain', wake);
      tar.off('close', wake);
      resolve();
    };
    tar.once('drain', wake);
    tar.once('close', wake);
  });
}

/** Reads the whole archive back and compares every name, size and checksum. StoreError `changed` when one differs. */
export async function verifyArchive(manifest: Manifest, path: string): Promise<void> {
  const size = (await stat(path)).size;
  if (size !== manifest.archiveBytes) damaged(path, `it has ${size} bytes, its manifest says ${manifest.archiveBytes}`);
  const count = await readArchive(path, async (member, index) => {
    const entry = expectedAt(manifest, index);
    if (!entry || trim(entry.name) !== trim(member.name) || entry.size !== member.size) damaged(path, `member ${index + 1} is not the one of its manifest`);
    const sum = new Checksum();
    for await (const piece of member.bytes) sum.update(piece);
    if (entry.isFile && sum.hex() !== entry.sha256) damaged(path, `the checksum of member ${index + 1} differs`);
  }).catch((cause: Error) => (cause instanceof StoreError ? Promise.reject(cause) : damaged(path, cause.message, cause)));
  const wanted = manifest.files.length + manifest.keys.length;
  if (count !== wanted) damaged(path, `it holds ${count} of ${wanted} members`);
}

/** Files come first, then keys. */
function expectedAt(manifest: Manifest, index: number): { name: string; size: number; sha256: string | undefined; isFile: boolean } | null {
  const file = manifest.files[index];
  if (file) return { name: memberOfFile(file, index), size: file.size, sha256: file.sha256, isFile: file.type === 'file' };
  const key = manifest.keys[index - manifest.files.length];
  return key ? { name: memberOfKey(index - manifest.files.length), size: key.size, sha256: key.sha256, isFile: true } : null;
}

/** Tar writes folders with a slash at the end, or not. */
const trim = (name: string): string => name.replace(/\/+$/, '');

function damaged(path: string, what: string, cause?: unknown): never {
  throw new StoreError('changed', `the backup ${path} does not read back as it was written (${what}), so it is not used and nothing is deleted for it; check that volume`, { cause });
}

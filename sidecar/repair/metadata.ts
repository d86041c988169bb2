import type { BigIntStats } from 'node:fs';
import { chmod, chown, lchown, lutimes, utimes, type FileHandle } from 'node:fs/promises';
import type { Folder } from '../stores/folder.ts';
import type { ManifestFile } from './manifest.ts';

/** node sets times through a double: exact to the microsecond, not to the nanosecond. */
const TIME_TOLERANCE_NS = 2_000n;

const seconds = (file: ManifestFile): number => Number(BigInt(file.mtimeNs)) / 1e9;

export function sameMetadata(file: ManifestFile, stats: BigIntStats): boolean {
  const off = stats.mtimeNs - BigInt(file.mtimeNs);
  const sameMode = file.type === 'symlink' || (Number(stats.mode) & 0o7777) === file.mode;
  return sameMode && Number(stats.uid) === file.uid && Number(stats.gid) === file.gid && off <= TIME_TOLERANCE_NS && off >= -TIME_TOLERANCE_NS;
}

/** Owner first: changing it clears the set-id bits of the mode. Times last: everything else moves them. */
export async function setFile(handle: FileHandle, file: ManifestFile): Promise<void> {
  const stats = await handle.stat();
  if (stats.uid !== file.uid || stats.gid !== file.gid) await handle.chown(file.uid, file.gid);
  await handle.chmod(file.mode);
  await handle.utimes(seconds(file), seconds(file));
}

export async function setLink(folder: Folder, name: string, file: ManifestFile): Promise<void> {
  const stats = await folder.lstat(name);
  if (Number(stats.uid) !== file.uid || Number(stats.gid) !== file.gid) await lchown(folder.at(name), file.uid, file.gid);
  await lutimes(folder.at(name), seconds(file), seconds(file));
}

/** The folder held open itself, so no link can stand in between. */
export async function setFolder(folder: Folder, file: ManifestFile): Promise<void> {
  const stats = await folder.lstat('.');
  if (Number(stats.uid) !== file.uid || Number(stats.gid) !== file.gid) await chown(folder.self(), file.uid, file.gid);
  if ((Number(stats.mode) & 0o7777) !== file.mode) await chmod(folder.self(), file.mode);
  await utimes(folder.self(), seconds(file), seconds(file));
}

/** Owner and mode of another folder. */
export async function setLike(folder: Folder, other: Folder): Promise<void> {
  const { uid, gid, mode } = await other.lstat('.');
  const own = await folder.lstat('.');
  if (own.uid !== uid || own.gid !== gid) await chown(folder.self(), Number(uid), Number(gid));
  await chmod(folder.self(), Number(mode) & 0o7777);
}

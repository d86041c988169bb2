import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';

/** One entry of a folder tree in one line: type, mode, owner, time, and what is in it. */
export type TreeSnapshot = Record<string, string>;

/** Everything below `root` that a restore has to bring back: content, mode, owner, mtime (ns), link targets. */
export function snapshotTree(root: string): TreeSnapshot {
  const seen: TreeSnapshot = {};
  for (const path of ['.', ...readdirSync(root, { recursive: true }).map(String).toSorted()]) {
    const full = join(root, path);
    const stat = lstatSync(full, { bigint: true });
    const owner = `${stat.mode.toString(8)} ${stat.uid}:${stat.gid}`;
    if (stat.isSymbolicLink()) seen[path] = `link ${owner} ${stat.mtimeNs} -> ${readlinkSync(full)}`;
    else if (stat.isDirectory()) seen[path] = `folder ${owner} ${stat.mtimeNs}`;
    else if (stat.isFile()) seen[path] = `file ${owner} ${stat.mtimeNs} ${createHash('sha256').update(readFileSync(full)).digest('hex')}`;
    else seen[path] = `special ${owner}`;
  }
  return seen;
}

/** Keys by name with their exact value (base64 of DUMP) and whether they expire. */
export type KeySnapshot = Record<string, { dump: string; expires: boolean }>;

/** Every key that starts with `prefix`, such as `sessions:26:`. */
export async function snapshotKeys(redis: Redis, prefix: string): Promise<KeySnapshot> {
  const seen: KeySnapshot = {};
  for (const key of (await redis.keys('*')).filter((name) => name.startsWith(prefix)).toSorted()) {
    const dump = await redis.dumpBuffer(key);
    if (dump) seen[key] = { dump: dump.toString('base64'), expires: (await redis.pttl(key)) > 0 };
  }
  return seen;
}

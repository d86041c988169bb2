import type { Redis } from 'ioredis';
import { snapshotKeys, snapshotTree } from '../snapshot.ts';

/** Everything of a session that a backup holds: content of each file by path, value of each Redis key. */
export type Contents = Record<string, string>;

/** Content only: a session that runs writes its files anew, and with them their times. */
export async function contentsOf(folder: string, redis: Redis | null, id: string): Promise<Contents> {
  const files = Object.entries(snapshotTree(folder)).filter(([, seen]) => seen.startsWith('file ')).map(([path, seen]) => [path, seen.split(' ').at(-1)!]);
  const keys = redis ? Object.entries(await snapshotKeys(redis, `sessions:${id}:`)).map(([key, { dump }]) => [key, dump]) : [];
  return Object.fromEntries([...files, ...keys]) as Contents;
}

/** Names that are not the same in both. */
export const differences = (a: Contents, b: Contents): string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);

export const counted = (contents: Contents): string => {
  const keys = Object.keys(contents).filter((name) => name.startsWith('sessions:')).length;
  return `${Object.keys(contents).length - keys} files${keys > 0 ? ` and ${keys} Redis keys` : ''}`;
};

import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { aptInstall } from './debian.ts';
import { LAB_HOME } from './places.ts';
import { which, type Say } from './shell.ts';

/**
 * The path of a redis-server to start. Installed without the Debian package of that name, because that one also starts
 * a service on port 6379: the program itself lies in redis-tools as `redis-check-rdb` and acts by the name it is called.
 */
export async function ensureRedisServer(say: Say): Promise<string> {
  const installed = which('redis-server');
  if (installed) return installed;
  const own = join(LAB_HOME, 'bin/redis-server');
  if (existsSync(own)) return own;
  if (!which('redis-check-rdb')) await aptInstall(['redis-tools'], say);
  const program = which('redis-check-rdb');
  if (!program) throw new Error('the package redis-tools holds no redis-check-rdb any more: install redis-server');
  mkdirSync(dirname(own), { recursive: true });
  symlinkSync(program, own);
  return own;
}

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { LAB_HOME } from '../bring-up/places.ts';
import { which } from '../bring-up/shell.ts';
import { waitFor } from '../engine.ts';

/** Ends the server when our end of its stdin closes, so that none outlives a demo that was killed. */
const SCRIPT = '"$@" & server=$!; read _; kill "$server"; wait "$server"';

export interface LocalRedis {
  socket: string;
  client: Redis;
  stop(): Promise<void>;
}

/** Path of this machine's redis-server, as an earlier bring-up may have left it too; null where there is none. */
export function redisServer(): string | null {
  const own = join(LAB_HOME, 'bin/redis-server');
  return process.env.AUTO_FIX_TEST_REDIS_SERVER ?? which('redis-server') ?? (existsSync(own) ? own : null);
}

/** A Redis of the demo's own on a unix socket below `folder`, in memory only; null where the machine has no redis-server. */
export async function startLocalRedis(folder: string): Promise<LocalRedis | null> {
  const program = redisServer();
  if (program === null) return null;
  const socket = join(folder, 'redis.sock');
  const args = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'sh', program, ...args], { stdio: ['pipe', 'ignore', 'ignore'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const client = new Redis(socket, { retryStrategy: () => 50 });
  client.on('error', () => undefined); // it is not up yet; waitFor tells if it never comes
  await waitFor(() => client.ping(), 'redis-server', { withinMs: 15_000, everyMs: 20 });
  return {
    socket, client,
    async stop() {
      client.disconnect();
      child.stdin.end();
      await exited;
    },
  };
}

import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { testRedisServer, waitFor } from './engine.ts';

export interface TestRedis {
  url: string;
  client: Redis;
  stop(): Promise<void>;
}

/** A Redis of the test's own on a free loopback port, in memory only. */
export async function startRedis(): Promise<TestRedis> {
  const port = await freePort();
  const child = spawn(testRedisServer(), ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url, { retryStrategy: () => 50 });
  client.on('error', () => undefined); // it is not up yet; waitFor tells if it never comes
  await waitFor(() => client.ping(), 'redis-server');
  return {
    url, client,
    async stop() {
      client.disconnect();
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

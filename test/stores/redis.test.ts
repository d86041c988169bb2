import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectRedis } from '../../sidecar/stores/redis-client.ts';
import { RedisStore, type DumpedKey } from '../../sidecar/stores/redis.ts';
import { compilePattern } from '../../sidecar/stores/redis-pattern.ts';
import { textOfBytes } from '../../sidecar/stores/bytes.ts';
import { TestRedis } from '../repair/fixtures/redis-server.ts';

const dir = mkdtempSync(join(tmpdir(), 'redis-store-'));
let server: TestRedis;
let redis: Redis;
let store: RedisStore;
const told: string[] = [];

beforeAll(async () => {
  server = new TestRedis(dir);
  await server.start();
  redis = connectRedis(server.socket, (message) => told.push(message));
  store = new RedisStore(redis, 'sessions:{session}:*');
  await store.ping();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  await rm(dir, { recursive: true });
});
beforeEach(() => redis.flushall());

async function dumpAll(keys: string[]): Promise<DumpedKey[]> {
  const dumped: DumpedKey[] = [];
  for await (const key of store.dump(keys.map((name) => ({ key: name })))) dumped.push(key);
  return dumped;
}

const odd = Buffer.concat([Buffer.from('sessions:2:sender-key-'), Buffer.from([0xff, 0xfe, 0x0a])]);

describe('the keys of one session', () => {
  test('only its own are found, whatever glob characters its name holds', async () => {
    for (const key of ['sessions:2:creds', 'sessions:26:creds', 'sessions:a*:creds', 'sessions:ab:creds', 'sessions:[ab]:creds', 'sessions:a?:creds', 'other:2:creds']) await redis.set(key, 'x');
    const keys = async (name: string) => (await store.inventory(name)).keys.map(({ key }) => key);
    expect(await keys('2')).toEqual(['sessions:2:creds']);
    expect(await keys('a*')).toEqual(['sessions:a*:creds']);
    expect(await keys('[ab]')).toEqual(['sessions:[ab]:creds']);
    expect(await keys('a?')).toEqual(['sessions:a?:creds']);
    expect(await store.list()).toEqual(['2', '26', '[ab]', 'a*', 'a?', 'ab']);
  });

  test('creds and app-state-sync keys are login, the rest are keys', async () => {
    for (const rest of ['creds', 'app-state-sync-key-AA', 'app-state-sync-version-x', 'session-550.0', 'pre-key-1', 'sender-key-g']) await redis.set(`sessions:2:${rest}`, 'x');
    expect((await store.inventory('2')).keys.filter(({ role }) => role === 'login').map(({ key }) => key)).toEqual(['sessions:2:app-state-sync-key-AA', 'sessions:2:creds']);
  });

  test('a name that holds the separator is refused', async () => {
    await expect(store.inventory('2:x')).rejects.toMatchObject({ code: 'unsafe' });
  });
});

test('10,000 keys of any bytes come back with value and remaining life, and no key of another session moves', async () => {
  const pipeline = redis.pipeline().set('sessions:26:creds', 'other').set(odd, Buffer.from([0, 255]), 'PX', 60_000).hset('sessions:2:h', { a: '1' });
  for (let at = 0; at < 10_000; at++) pipeline.set(`sessions:2:pre-key-${at}`, `value ${at}`);
  await pipeline.exec();
  const keys = (await store.inventory('2')).keys.map(({ key }) => key);
  expect(keys).toHaveLength(10_002);
  expect(keys).toContain(textOfBytes(odd));
  const dumped = await dumpAll(keys);
  expect(await store.unlink(keys)).toBe(10_002);
  expect(await redis.dbsize()).toBe(1);
  await store.putBack(dumped);
  expect(await redis.dbsize()).toBe(10_003);
  expect(await redis.getBuffer(odd)).toEqual(Buffer.from([0, 255]));
  expect(await redis.pttl(odd)).toBeGreaterThan(50_000);
  expect(await redis.pttl('sessions:2:h')).toBe(-1);
  expect(await redis.get('sessions:2:pre-key-9999')).toBe('value 9999');
});

test('a key that vanishes between the list and the dump is said', async () => {
  await expect(dumpAll(['sessions:2:gone'])).rejects.toMatchObject({ code: 'changed' });
});

describe('a key whose life runs out', () => {
  test('before the list is made is not in it', async () => {
    await redis.set('sessions:2:gone', 'x', 'PX', 1);
    await redis.set('sessions:2:creds', 'x');
    await expect.poll(async () => (await store.inventory('2')).keys.map(({ key }) => key)).toEqual(['sessions:2:creds']);
  });

  test('between the list and the dump is left out: nobody wrote', async () => {
    await redis.mset({ 'sessions:2:a': '1', 'sessions:2:c': '3' });
    await redis.set('sessions:2:b', '2', 'PX', 30);
    const { keys } = await store.inventory('2');
    expect(keys.map(({ key, expires }) => `${key} ${expires ?? false}`)).toEqual(['sessions:2:a false', 'sessions:2:b true', 'sessions:2:c false']);
    await expect.poll(() => redis.exists('sessions:2:b')).toBe(0);
    const dumped: string[] = [];
    for await (const { key } of store.dump(keys)) dumped.push(key);
    expect(dumped).toEqual(['sessions:2:a', 'sessions:2:c']);
  });
});

describe('a Redis that would not let keys come back', () => {
  const writable = () => store.assertWritable('2');

  test('is found before anything is deleted: full, a replica, without the right to write; and looking changes nothing', async () => {
    await redis.set('sessions:2:creds', 'x');
    await writable();
    expect(await redis.keys('*')).toEqual(['sessions:2:creds']);
    await redis.config('SET', 'maxmemory', '1');
    await expect(writable()).rejects.toMatchObject({ code: 'unreachable', message: expect.stringMatching(/OOM/) });
    await redis.config('SET', 'maxmemory', '0');
    await redis.replicaof('127.0.0.1', '1');
    await expect(writable()).rejects.toThrow(/READONLY/);
    await redis.replicaof('NO', 'ONE');
    for (const missing of ['-restore', '-unlink']) {
      await redis.acl('SETUSER', 'looker', 'on', '>secret', '~*', '+@all', missing);
      const other = connectRedis(server.socket, () => undefined);
      await expect.poll(() => other.status).toBe('ready');
      await other.auth('looker', 'secret');
      await expect(new RedisStore(other, 'sessions:{session}:*').assertWritable('2')).rejects.toThrow(/NOPERM/);
      other.disconnect();
    }
    await writable();
  });
});

test('a cluster is refused: one of its servers knows only some of the keys', async () => {
  const place = join(dir, 'cluster');
  mkdirSync(place);
  const member = new TestRedis(place, ['--cluster-enabled', 'yes', '--port', '0', '--dir', place]);
  await member.start();
  const client = connectRedis(member.socket, () => undefined);
  const other = new RedisStore(client, 'sessions:{session}:*');
  for (const asked of [() => other.list(), () => other.inventory('2'), () => other.ping()]) {
    await expect(asked()).rejects.toMatchObject({ code: 'unreachable', message: expect.stringMatching(/cluster/) });
  }
  client.disconnect();
  await member.stop();
});

test.each(['sessions:{session}*', 'sessions:*', '{session}:{session}:*', 'sessions:{session}:', 's*:{session}:*', 'sessions:{session}:*:x'])('the pattern %s is refused with what is expected', (pattern) => {
  expect(() => compilePattern(pattern)).toThrow(/REDIS_SESSION_KEYS=.* expected text, \{session\}, a separator and one \* at the end/);
});

test('without Redis every verb says so at once, is told once, and works again when it is back', async () => {
  await server.stop();
  await expect(store.ping()).rejects.toMatchObject({ code: 'unreachable', message: expect.stringMatching(/check REDIS_URL/) });
  await expect(store.inventory('2')).rejects.toMatchObject({ code: 'unreachable' });
  await server.start();
  await expect.poll(() => store.ping().then(() => 'answers', () => 'away'), { timeout: 10_000 }).toBe('answers');
  expect(told.filter((message) => message.includes('cannot be reached'))).toHaveLength(1);
  expect(told.at(-1)).toBe('Redis answers again');
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../sidecar/config.ts';
import { checkRedis } from '../../sidecar/doctor/redis.ts';
import { deadAddress, page, serve } from '../gateways/server.ts';
import { startRedis, type TestRedis } from '../lab/redis.ts';

let redis: TestRedis;
beforeAll(async () => { redis = await startRedis(); });
afterAll(() => redis.stop());
beforeEach(async () => {
  await redis.client.config('SET', 'requirepass', '');
  await redis.client.flushall();
});

const found = (url: string, sessionKeys = 'sessions:{session}:*') => checkRedis({ url: new Secret(url), sessionKeys });
const says = async (url: string, keys?: string): Promise<string> => (await found(url, keys)).map(({ verdict, says: said }) => `${verdict}: ${said}`).join('\n');

describe('what doctor says of Redis', () => {
  it('is well when the pattern finds sessions', async () => {
    await redis.client.mset('sessions:26:creds', '{}', 'sessions:27:creds', '{}', 'other', '1');
    expect(await says(redis.url)).toBe('ok: Redis answers\nok: sessions:{session}:* finds the keys of 2 sessions');
  });

  it('proposes the pattern that fits the keys', async () => {
    await redis.client.mset('wa:26:creds', '{}', 'wa:26:pre-key-1', '{}');
    expect(await says(redis.url)).toContain('wrong: sessions:{session}:* fits none of the 2 keys looked at, so no keys in Redis would be backed up or cleared: set REDIS_SESSION_KEYS, probably to wa:{session}:*');
  });

  it('finds the keys in another numbered database', async () => {
    await redis.client.select(3);
    await redis.client.set('sessions:26:creds', '{}');
    await redis.client.select(0);
    expect(await says(redis.url)).toContain('number 3 has 1 keys: put the number behind the address, REDIS_URL=redis://host:6379/3');
  });

  it('wants a password, and tells a wrong one from none', async () => {
    await redis.client.config('SET', 'requirepass', 'right');
    expect(await says(redis.url)).toContain('wrong: Redis wants a password: put it into REDIS_URL');
    expect(await says(redis.url.replace('//', '//:wrong@'))).toContain('wrong: Redis rejects the password in REDIS_URL');
  });

  it('is not there', async () => {
    expect(await says(`redis://${await deadAddress()}`)).toMatch(/wrong: nothing listens at the address in REDIS_URL .*start Redis, or correct host and port/);
  });

  it('is something else', async () => {
    const { address } = await serve((_, response) => page(response, 400));
    expect(await says(`redis://${address}`)).toMatch(/wrong: .*correct host and port|wrong: .*check REDIS_URL/);
  });

  it('is only looked at: every key stays as it is', async () => {
    await redis.client.set('wa:26:creds', 'x', 'EX', 1000);
    await found(redis.url);
    expect(await redis.client.keys('*')).toEqual(['wa:26:creds']);
    expect(await redis.client.ttl('wa:26:creds')).toBeGreaterThan(900);
  });
});

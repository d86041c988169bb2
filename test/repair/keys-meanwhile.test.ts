import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { journalWith } from './fixtures/hooked-journal.ts';
import { TestRedis } from './fixtures/redis-server.ts';
import { planOf, World } from './fixtures/world.ts';

let world: World;
let server: TestRedis;
let redis: Redis;
beforeEach(async () => {
  world = new World();
  server = new TestRedis(world.dir);
  await server.start();
  redis = new Redis(server.socket);
  await world.build(redis);
});
afterEach(async () => {
  redis.disconnect();
  await server.stop();
  await world.remove();
});

test('a key that got another value after the backup is not deleted, and that value is kept before the old state is put back', async () => {
  const db = world.database();
  const journal = journalWith(db, 'intent clear-redis', () => void redis.set('sessions:31:creds', 'written meanwhile'));
  const repairer = world.repairer({ db, journal });
  const outcome = await repairer.run(planOf('31', 'reset'), world.target('31', redis));
  expect(outcome).toMatchObject({ result: 'rolled-back', detail: expect.stringMatching(/the Redis key "sessions:31:creds" changed or vanished meanwhile/) });
  expect([await redis.get('sessions:31:creds'), (await redis.keys('sessions:31:*')).length]).toEqual(['login 31', 4]);
  const kept = (await repairer.folder.list('31')).find(({ rung }) => rung === 'before-restore')!;
  expect(await world.repairer({ db }).restore(kept.id, world.target('31', redis))).toMatchObject({ restored: expect.stringContaining(kept.id) });
  expect(await redis.get('sessions:31:creds')).toBe('written meanwhile');
});

test('a big hash that was not written to is cleared, however Redis orders its bytes', async () => {
  const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`field ${n}`, 'x'.repeat(80)]));
  await redis.hset('sessions:31:pre-keys', fields);
  expect(await world.repairer().run(planOf('31', 'reset'), world.target('31', redis))).toMatchObject({ result: 'needs-qr' });
  expect(await redis.keys('sessions:31:*')).toEqual([]);
});

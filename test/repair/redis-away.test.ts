import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Interrupted } from '../../sidecar/repair/faults.ts';
import type { Repairer } from '../../sidecar/repair/runner.ts';
import { connectRedis } from '../../sidecar/stores/redis-client.ts';
import type { Rung } from '../../sidecar/words.ts';
import type { FakeGateway } from './fixtures/fake-gateway.ts';
import { journalWith } from './fixtures/hooked-journal.ts';
import { TestRedis } from './fixtures/redis-server.ts';
import { treeOf } from './fixtures/tree.ts';
import { planOf, World } from './fixtures/world.ts';

let world: World;
let server: TestRedis;
let redis: Redis;
let told: string[];
let gateway: FakeGateway;
beforeEach(async () => {
  world = new World();
  server = new TestRedis(world.dir);
  await server.start();
  redis = connectRedis(server.socket, () => undefined);
  await expect.poll(() => redis.status).toBe('ready');
  await world.build(redis);
  told = [];
  gateway = world.gateway('baileys');
});
afterEach(async () => {
  redis.disconnect();
  await server.stop();
  await world.remove();
});

const target = () => world.target('31', redis, gateway);
const files = () => treeOf(join(world.sessions, '1/31'));
const keys = async () => (await redis.keys('sessions:31:*')).length;
const back = async () => {
  await server.start();
  await expect.poll(() => redis.status, { timeout: 10_000 }).toBe('ready');
};

/** A repair whose Redis dies when its keys are to be cleared. */
async function cutOff(rung: Rung): Promise<Repairer> {
  const db = world.database();
  const repairer = world.repairer({ db, told, journal: journalWith(db, 'intent clear-redis', () => void server.stop()) });
  await expect(repairer.run(planOf('31', rung), target())).rejects.toThrow(Interrupted);
  return repairer;
}

test('Redis gone while keys are cleared: the files are back, the session runs, and that is told once for as long as Redis is away', async () => {
  const before = await files();
  const repairer = await cutOff('repair');
  expect(await files()).toEqual(before);
  expect(gateway.running('31')).toBe(true);
  const calls = [...gateway.calls];
  for (let looks = 0; looks < 3; looks++) expect(await repairer.recover(target)).toEqual([]);
  expect(gateway.calls).toEqual(calls);
  expect(told.filter((line) => line.startsWith('error'))).toEqual([expect.stringMatching(/^error 31: ALERT its files are back, its Redis keys are not \(Redis did not do what was asked.*safe in the backup 31\/.*put back by themselves.*do not scan/)]);
  expect(repairer.isWaiting()).toBe(true);
  expect(await repairer.run(planOf('31', 'repair'), target())).toMatchObject({ result: 'refused', code: 'in-flight' });
});

test('and when it is back and the session is well, it gets the keys it misses without being disturbed, and keeps those it made since', async () => {
  const repairer = await cutOff('repair');
  await back();
  await redis.set('sessions:31:pre-key-1', 'made since');
  const calls = [...gateway.calls];
  expect(await repairer.recover(target)).toMatchObject([{ result: 'rolled-back', session: '31', detail: expect.stringMatching(/its files were put back.*the 3 keys that were missing; found .* and left running/) }]);
  expect(gateway.calls).toEqual(calls);
  expect([await redis.get('sessions:31:creds'), await redis.get('sessions:31:pre-key-1'), await keys()]).toEqual(['login 31', 'made since', 4]);
  expect(await redis.pttl('sessions:31:session-5500000000001.0')).toBeGreaterThan(86_000_000);
  expect([await repairer.recover(target), repairer.isWaiting(), repairer.journal.unfinished()]).toEqual([[], false, []]);
});

test('a session that asks for a scan because its login is missing gets everything back, after its present state was kept', async () => {
  const before = await files();
  const repairer = await cutOff('reset');
  await back();
  await redis.set('sessions:31:creds', 'of a new registration');
  gateway.probe = async () => ({ probe: gateway.calls.at(-1) === 'close 31' ? 'closed' : 'qr', saw: 'status qrcode' });
  expect(await repairer.recover(target)).toMatchObject([{ result: 'rolled-back', detail: expect.stringMatching(/state before was put back from 31\/.*its Redis keys now that Redis works again/) }]);
  expect(gateway.calls.slice(-2)).toEqual(['close 31', 'start 31']);
  expect([await redis.get('sessions:31:creds'), await keys(), await files()]).toEqual(['login 31', 4, before]);
  expect((await repairer.folder.list('31')).map(({ rung, keys: held }) => `${rung} ${held}`)).toEqual(['before-restore 1', 'reset 4']);
});

test('the next sidecar knows of it, says so once and leaves the session alone until Redis works', async () => {
  await cutOff('repair');
  const [next, calls] = [world.repairer({ told }), [...gateway.calls]];
  told.length = 0;
  for (let looks = 0; looks < 2; looks++) expect(await next.recover(target)).toEqual([]);
  expect(told).toEqual([expect.stringMatching(/^error 31: ALERT the way back of a repair is not at its end, its Redis keys are missing/)]);
  expect(gateway.calls).toEqual(calls);
  await back();
  expect(await next.recover(target)).toMatchObject([{ result: 'rolled-back' }]);
  expect(await keys()).toBe(4);
});

test('a session that could not be started then is started while Redis is still away', async () => {
  gateway.faults.start = 'html';
  const repairer = await cutOff('repair');
  expect(gateway.running('31')).toBe(false);
  delete gateway.faults.start;
  expect(await repairer.recover(target)).toEqual([]);
  expect(gateway.running('31')).toBe(true);
  await back();
  expect(await repairer.recover(target)).toMatchObject([{ result: 'rolled-back' }]);
});

test('where Redis is no longer configured the keys cannot come back: the outcome names the restore', async () => {
  const repairer = await cutOff('repair');
  expect(await repairer.recover(() => world.target('31', null, gateway))).toMatchObject([{ result: 'failed', detail: expect.stringMatching(/no longer configured \(REDIS_URL\).*auto-fix restore 31\//) }]);
  expect(gateway.running('31')).toBe(true);
});

test('a state that did not work is kept before the old one is put over it, even if Redis has gone meanwhile', async () => {
  gateway.faults.start = 'never-healthy';
  const db = world.database();
  const repairer = world.repairer({ db, told, journal: journalWith(db, 'result start', () => void server.stop()) });
  gateway.onStart = async () => writeFile(join(world.sessions, '1/31/pre-key-9.json'), '"made by the new start"');
  const before = await files();
  await expect(repairer.run(planOf('31', 'repair'), target())).rejects.toThrow(/files are back, its Redis keys are not/);
  expect((await files()).filter((line) => !line.startsWith('pre-key-9'))).toEqual(before);
  expect((await repairer.folder.list('31')).map(({ rung, keys: held }) => `${rung} ${held}`)).toEqual(['before-restore 0', 'repair 4']);
});

test('a Redis that would not take the keys back refuses the repair before anything is deleted', async () => {
  await redis.config('SET', 'maxmemory', '1');
  const before = await files();
  const outcome = await world.repairer().run(planOf('31', 'reset'), target());
  expect(outcome).toMatchObject({ result: 'refused', code: 'backup-impossible', detail: expect.stringMatching(/OOM.*started again/) });
  expect([await files(), await keys(), gateway.running('31')]).toEqual([before, 4, true]);
  expect(gateway.calls).toEqual(['close 31', 'start 31']);
});

test('keys whose life runs out while they are backed up do not stop a repair, and the others come back', async () => {
  const db = world.database();
  for (let n = 0; n < 50; n++) await redis.set(`sessions:31:retry-${n}`, 'x', 'PX', 20 + n);
  const outcome = await world.repairer({ db }).run(planOf('31', 'reset'), target());
  expect(outcome.result).toBe('needs-qr');
  expect(await world.repairer({ db }).restore(outcome.backup!, target())).toMatchObject({ result: 'fixed' });
  expect((await redis.keys('sessions:31:*')).filter((key) => !key.includes('retry'))).toHaveLength(4);
});

test('a repair whose way back another process has ended is not waited for any more', async () => {
  const repairer = await cutOff('repair');
  await back();
  expect(await world.repairer().recover(target)).toMatchObject([{ result: 'rolled-back' }]);
  expect(repairer.isWaiting()).toBe(true);
  await repairer.recover(target);
  expect(repairer.isWaiting()).toBe(false);
});

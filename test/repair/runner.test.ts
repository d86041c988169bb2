import { lstat, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Backups } from '../../sidecar/repair/backups.ts';
import { stepsOf } from '../../sidecar/repair/steps.ts';
import { runAndKill } from './fixtures/crash.ts';
import { TestRedis } from './fixtures/redis-server.ts';
import { contentOf, treeOf } from './fixtures/tree.ts';
import { LockHands, planOf, put, World } from './fixtures/world.ts';

const lock = (path: string) => path.startsWith('Singleton');
let world: World;
let server: TestRedis;
let redis: Redis;
const home = new World();

beforeAll(async () => {
  server = new TestRedis(home.dir);
  await server.start();
  redis = new Redis(server.socket, { enableOfflineQueue: true });
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  await home.remove();
});
beforeEach(async () => {
  world = new World();
  await redis.flushall();
  await world.build(redis);
});
afterEach(() => world.remove());

const keysOf = async (session: string) => (await redis.keysBuffer(`sessions:${session}:*`)).map((key) => key.toString('latin1')).sort();

test('a repair of a Baileys session clears the keys in files and Redis and keeps the login', async () => {
  const told: string[] = [];
  const other = await treeOf(join(world.sessions, '1/32'));
  const outcome = await world.repairer({ told }).run(planOf('31', 'repair'), world.target('31', redis));
  expect(outcome).toMatchObject({ session: '31', rung: 'repair', result: 'fixed', backup: expect.stringMatching(/^31\/.*-repair\.tar\.zst$/) });
  expect(outcome.downtimeMs).toBeGreaterThanOrEqual(0);
  expect(await readdir(join(world.sessions, '1/31'))).toEqual(['app-state-sync-key-AAAA.json', 'creds.json', 'notes.txt']);
  expect(await keysOf('31')).toEqual(['sessions:31:creds']);
  expect(await keysOf('32')).toHaveLength(4);
  expect(await treeOf(join(world.sessions, '1/32'))).toEqual(other);
  expect(told.join('\n')).toMatch(/31: closed in .* s\n.*backup verified: 10 files, 0\.0 MB, 4 Redis keys -> 31\/.*\n.*cleared 7 files \(0 caches and locks without archive\), 3 Redis keys\n.*started\n.*verified: status CONNECTED/);
});

test('a reset of a Chromium session leaves only its webhook configuration, and a restore brings every byte back', async () => {
  const told: string[] = [];
  const profile = join(world.profiles, 'Shop Nord');
  const isCache = (path: string) => lock(path) || /Cache/.test(path);
  const before = await treeOf(profile, isCache);
  const token = await readFile(join(world.tokens, 'Shop Nord.data.json'));
  const repairer = world.repairer({ told });
  const target = world.target('Shop Nord', null);
  const outcome = await repairer.run(planOf('Shop Nord', 'reset'), target);
  expect(outcome).toMatchObject({ result: 'needs-qr' });
  expect(await readdir(profile)).toEqual(['SingletonLock']);
  expect(await readFile(join(world.tokens, 'Shop Nord.data.json'))).toEqual(token);

  await put(join(profile, 'Default/new.txt'), 'made by the new login');
  const backups = new Backups(repairer, () => Date.now());
  const [backup] = await backups.list('Shop Nord');
  expect(await backups.describeRestore(backup!.id, target)).toMatchObject({ remove: 1, warnings: [] });
  const restored = await backups.restore(backup!.id, target);
  expect(restored).toMatchObject({ result: 'fixed', restored: `${backup!.id}.tar.zst`, backup: expect.stringMatching(/before-restore/) });
  expect(await treeOf(profile, isCache)).toEqual(before);
  expect(await backups.list()).toHaveLength(2);
});

test('a restore brings Redis keys back with value and remaining life', async () => {
  const repairer = world.repairer();
  const target = world.target('31', redis);
  const files = await treeOf(join(world.sessions, '1/31'));
  const dump = await redis.dumpBuffer('sessions:31:session-5500000000001.0');
  const outcome = await repairer.run(planOf('31', 'reset'), target);
  expect(outcome.result).toBe('needs-qr');
  expect(await keysOf('31')).toEqual([]);
  await redis.set('sessions:31:creds', 'a new login');
  await redis.set('sessions:31:session-new', 'new');
  const restored = await new Backups(repairer, () => Date.now()).restore(outcome.backup!, target);
  expect(restored).toMatchObject({ result: 'fixed' });
  expect(await keysOf('31')).toHaveLength(4);
  expect(await redis.dumpBuffer('sessions:31:session-5500000000001.0')).toEqual(dump);
  expect(await redis.pttl('sessions:31:session-5500000000001.0')).toBeGreaterThan(86_000_000);
  expect(await redis.pttl('sessions:31:creds')).toBe(-1);
  expect(await treeOf(join(world.sessions, '1/31'))).toEqual(files);
});

test('a restart unlinks stale locks and caches and touches nothing else', async () => {
  const gateway = world.gateway('chromium');
  const target = world.target('Shop Nord', null, gateway);
  const profile = join(world.profiles, 'Shop Nord');
  const before = await contentOf(profile, (path) => lock(path) || /Cache/.test(path));
  const outcome = await world.repairer().run(planOf('Shop Nord', 'restart'), target);
  expect(outcome).toMatchObject({ result: 'fixed', backup: null });
  expect(gateway.calls).toEqual(['close Shop Nord', 'start Shop Nord']);
  expect(await contentOf(profile, lock)).toEqual(before);
});

test('a browser that outlived its session is ended, and only that one', async () => {
  const hands = new LockHands(world.profiles);
  hands.extra.push({ pid: 77, args: ['chrome', `--user-data-dir=${world.profiles}/Shop Nord`] }, { pid: 78, args: ['chrome', `--user-data-dir=${world.profiles}/Shop Nord 2`] });
  const outcome = await world.repairer({ hands }).run(planOf('Shop Nord', 'restart'), world.target('Shop Nord', null));
  expect(outcome.result).toBe('fixed');
  expect(hands.ended).toEqual(['TERM 77']);
});

test('without Docker access a lock that stays is not unlinked: the operator is told what to do by hand', async () => {
  const gateway = world.gateway('chromium', { close: 'stays-open' });
  const outcome = await world.repairer({ hands: null }).run(planOf('Shop Nord', 'reset'), world.target('Shop Nord', null, gateway));
  expect(outcome).toMatchObject({ result: 'failed', detail: expect.stringMatching(/lock of Shop Nord \(gateway-41\).*by hand.*started again/) });
  expect(await readFile(join(world.profiles, 'Shop Nord/Default/IndexedDB/https_web_0.indexeddb.leveldb/CURRENT'), 'utf8')).toBe('MANIFEST-1');
  expect(await readdir(world.backups)).toEqual([]);
});

test.each([['never-healthy' as const, 'starting'], ['500' as const, '500']])('a start that fails (%s) after clearing is rolled back to every byte', async (fault, said) => {
  const before = await treeOf(join(world.sessions, '1/31'));
  const keys = await keysOf('31');
  const gateway = world.gateway('baileys', { start: fault });
  if (fault === '500') {
    const start = gateway.start.bind(gateway);
    let tries = 0;
    gateway.start = async (name) => {
      if (++tries > 2) delete gateway.faults.start;
      return start(name);
    };
  }
  const outcome = await world.repairer().run(planOf('31', 'repair'), world.target('31', redis, gateway));
  expect(outcome).toMatchObject({ result: 'rolled-back', detail: expect.stringContaining(said) });
  expect(await treeOf(join(world.sessions, '1/31'))).toEqual(before);
  expect(await keysOf('31')).toEqual(keys);
  expect(gateway.running('31')).toBe(true);
});

test('a session that cannot be started again is owed its start, and recovery pays it once', async () => {
  const told: string[] = [];
  const gateway = world.gateway('baileys', { start: 'html' });
  const target = world.target('31', redis, gateway);
  const before = await treeOf(join(world.sessions, '1/31'));
  const repairer = world.repairer({ told });
  const outcome = await repairer.run(planOf('31', 'reset'), target);
  expect(outcome).toMatchObject({ result: 'failed', detail: expect.stringMatching(/could not be started again .*by hand/) });
  expect(told.join('\n')).toMatch(/error 31: ALERT it is closed and cannot be started/);
  expect(await treeOf(join(world.sessions, '1/31'))).toEqual(before);
  delete gateway.faults.start;
  expect(await repairer.recover(() => target)).toEqual([]);
  expect(gateway.running('31')).toBe(true);
  await repairer.recover(() => target);
  expect(gateway.starts('31')).toBe(1);
});

test('a truncated creds.json is refused, nothing is deleted and the session is started again', async () => {
  await writeFile(join(world.sessions, '1/31/creds.json'), '{"me":{"id"');
  const gateway = world.gateway('baileys');
  const before = await treeOf(join(world.sessions, '1/31'));
  const outcome = await world.repairer().run(planOf('31', 'reset'), world.target('31', redis, gateway));
  expect(outcome).toMatchObject({ result: 'refused', code: 'backup-impossible', detail: expect.stringMatching(/creds\.json is empty or cut off.*started again/) });
  expect(await treeOf(join(world.sessions, '1/31'))).toEqual(before);
  expect(gateway.running('31')).toBe(true);
  expect(await readdir(join(world.backups, '31'))).toEqual([]);
});

test('a gateway that is down is not touched further', async () => {
  const gateway = world.gateway('baileys', { close: 'unreachable', start: 'html' });
  const outcome = await world.repairer().run(planOf('31', 'reset'), world.target('31', redis, gateway));
  expect(outcome.result).toBe('failed');
  expect((await lstat(join(world.sessions, '1/31/creds.json'))).isFile()).toBe(true);
});

test('a second request for a session in repair is refused', async () => {
  const repairer = world.repairer();
  const first = repairer.run(planOf('31', 'repair'), world.target('31', redis));
  expect(repairer.inFlight()).toEqual(['31']);
  expect(await repairer.run(planOf('31', 'reset'), world.target('31', redis))).toMatchObject({ result: 'refused', code: 'in-flight' });
  expect(await first).toMatchObject({ result: 'fixed' });
  expect(repairer.inFlight()).toEqual([]);
});

test('only five backups of a session stay, and the newest real one always does', async () => {
  const repairer = world.repairer({ keep: 2 });
  for (let round = 0; round < 4; round++) expect((await repairer.run(planOf('31', 'repair'), world.target('31', redis))).result).toBe('fixed');
  expect(await repairer.folder.list('31')).toHaveLength(2);
  await rm(join(world.backups, '31'), { recursive: true });
  expect(await repairer.folder.list('31')).toEqual([]);
});

test('an interrupted repair whose gateway nobody lists waits, says so once, and is finished when it is back', async () => {
  const gateway = world.gateway('baileys');
  const target = world.target('31', redis, gateway);
  const unlisted = { ...target, gateway: null, container: null, unlisted: 'the backend cannot be reached' };
  const before = await treeOf(join(world.sessions, '1/31'));
  const clearing = 2 + 2 * stepsOf('repair').indexOf('clear-redis');
  await runAndKill({ dir: world.dir, redis: server.socket, session: '31', task: 'repair', hold: { mark: clearing, side: 'after' } });
  const told: string[] = [];
  const repairer = world.repairer({ told });
  for (const known of [null, unlisted, unlisted]) expect(await repairer.recover(() => known)).toEqual([]);
  expect(told).toEqual(['warn 31: an interrupted repair waits until its gateway and its files can be asked again; it is finished or taken back then']);
  expect(repairer.isWaiting()).toBe(true);
  expect(await repairer.recover(() => target)).toMatchObject([{ session: '31', result: 'fixed', detail: expect.stringContaining('then finished') }]);
  expect(repairer.isWaiting()).toBe(false);
  expect(gateway.running('31')).toBe(true);
  expect(await treeOf(join(world.sessions, '1/31'))).not.toEqual(before);
});

test('a store that joined after the list was made is backed up and cleared with the rest', async () => {
  const outdated = { ...world.target('31', redis), stores: world.target('31', null).stores };
  const repairer = world.repairer({ lookAgain: async ({ session }) => world.target(session, redis) });
  expect(await repairer.run(planOf('31', 'reset'), outdated)).toMatchObject({ result: 'needs-qr' });
  expect(await keysOf('31')).toEqual([]);
  expect((await new Backups(repairer, () => Date.now()).list('31'))[0]).toMatchObject({ keys: 4 });
});

test('a command that is asked for one session takes up what was cut off of that one, and of no other', async () => {
  const gateway = world.gateway('baileys');
  const told: string[] = [];
  for (const session of ['31', '32']) await runAndKill({ dir: world.dir, redis: server.socket, session, task: 'repair', hold: { mark: 3, side: 'after' } });
  const repairer = world.repairer({ told });
  expect(await repairer.recover((session) => world.target(session, redis, gateway), { only: '31' })).toMatchObject([{ session: '31', result: 'rolled-back' }]);
  expect([gateway.running('31'), gateway.running('32'), told.filter((line) => line.includes(' 32:'))]).toEqual([true, false, []]);
  expect(repairer.journal.unfinished().map(({ session }) => session)).toEqual(['32']);
});

test('a session that a cut left closed does not wait until another one is proven', async () => {
  for (const session of ['31', '32']) await runAndKill({ dir: world.dir, redis: server.socket, session, task: 'repair', hold: { mark: 2 + 2 * stepsOf('repair').indexOf('clear-redis'), side: 'after' } });
  const gateway = world.gateway('baileys');
  const probe = gateway.probe.bind(gateway);
  gateway.probe = async (name, signal) => {
    if (name === '31') await expect.poll(() => gateway.running('32'), { timeout: 20_000 }).toBe(true);
    return probe(name, signal);
  };
  const outcomes = await world.repairer().recover((session) => world.target(session, redis, gateway));
  expect(outcomes.map(({ session, result }) => `${session} ${result}`)).toEqual(['31 fixed', '32 fixed']);
});

import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ROLLBACK, stepsOf, TASKS } from '../../sidecar/repair/steps.ts';
import type { Task } from '../../sidecar/state/journal.ts';
import { seeded } from '../dice.ts';
import { leftovers, othersOf, runAndKill, stateOf } from './fixtures/crash.ts';
import type { Faults } from './fixtures/fake-gateway.ts';
import { TestRedis } from './fixtures/redis-server.ts';
import { NAMES, planOf, World } from './fixtures/world.ts';

const home = new World();
let server: TestRedis;
let redis: Redis;
let world: World;
const tally = { kills: 0, 'sessions lost': 0, repaired: 0, 'rolled back': 0 };

beforeAll(async () => {
  server = new TestRedis(home.dir);
  await server.start();
  redis = new Redis(server.socket);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  await home.remove();
  console.log(Object.entries(tally).map(([name, count]) => `${name} ${count}`).join(' / '));
  expect(tally['sessions lost']).toBe(0);
});
beforeEach(async () => fresh());
afterEach(() => world.remove());

async function fresh(): Promise<void> {
  await world?.remove();
  world = new World();
  await redis.flushall();
  await world.build(redis);
}

interface Case {
  name: string;
  task: Task;
  session: string;
  faults?: Faults;
  /** Marks of the journal in an undisturbed run: opening, two per step, closing; each is a place to be killed at. */
  marks: number;
}

const marksOf = (task: Task): number => 2 + 2 * stepsOf(task).length;
/** Every task on the store with most to lose, and the way back. A new step or task is in here by itself. */
const CASES: Case[] = [
  ...TASKS.map((task): Case => ({ name: task, task, session: task === 'restart' ? 'Shop Nord' : '31', marks: marksOf(task) })),
  { name: 'reset of a profile', task: 'reset', session: 'Shop Nord', marks: marksOf('reset') },
  // verify's result becomes the error mark, then the rollback: no marks for `end-browser`, which is part of its `close`.
  { name: 'rollback of a repair', task: 'repair', session: '31', faults: { start: 'first-never-healthy' }, marks: marksOf('repair') + 2 * (ROLLBACK.length - 1) - 1 },
];

/** A session with a backup to go back to, and a present state that differs from it. */
async function prepare(one: Case): Promise<string | undefined> {
  await fresh();
  if (one.task !== 'restore') return undefined;
  const outcome = await world.repairer().run(planOf(one.session, 'repair'), world.target(one.session, redis));
  return outcome.backup!;
}

async function killAndRecover(one: Case, how: { hold?: { mark: number; side: 'before' | 'after' }; afterMs?: number }): Promise<void> {
  const backup = await prepare(one);
  const place = `${one.name}, ${JSON.stringify(how)}`;
  const kind = NAMES.chromium.includes(one.session) ? 'chromium' : 'baileys';
  const [old, others] = [await stateOf(world, redis, one.session), await othersOf(world, redis, one.session)];
  const order = { dir: world.dir, redis: server.socket, session: one.session, task: one.task, backup, faults: one.faults, hold: how.hold };
  const { killed, output } = await runAndKill(order, how.afterMs);
  if (how.hold) expect(killed, `${place}: ${output}`).toBe(true);
  if (killed) tally.kills++;

  const told: string[] = [];
  const repairer = world.repairer({ told });
  const gateway = world.gateway(kind, one.faults);
  const outcomes = await repairer.recover(() => world.target(one.session, redis, gateway));
  const now = await stateOf(world, redis, one.session);
  const states = [old, ...(await reference(one))];
  const isWhole = states.some((state) => JSON.stringify(state) === JSON.stringify(now));
  if (!isWhole) tally['sessions lost']++;
  const records = repairer.journal.history(one.session).filter(({ rung }) => rung === one.task);
  for (const { outcome } of records.slice(0, 1)) if (outcome) tally[outcome.result === 'fixed' || outcome.result === 'needs-qr' ? 'repaired' : 'rolled back']++;

  expect(isWhole ? 'whole' : now, `${place}\n${told.join('\n')}`).toBe('whole');
  expect(await othersOf(world, redis, one.session), place).toEqual(others);
  expect(gateway.running(one.session), `${place}\n${told.join('\n')}`).toBe(true);
  expect(records.filter(({ outcome }) => outcome === null), place).toEqual([]);
  expect(outcomes.length, place).toBeLessThanOrEqual(1);
  for (const outcome of outcomes) expect(['fixed', 'needs-qr', 'rolled-back'], `${place}: ${outcome.detail}`).toContain(outcome.result);
  expect(await leftovers(world), place).toEqual([]);
  expect(await repairer.recover(() => world.target(one.session, redis, gateway)), place).toEqual([]);
}

const references = new Map<string, string[][]>();
/** What the task leads to when nothing disturbs it; from a world of its own. */
async function reference(one: Case): Promise<string[][]> {
  const known = references.get(one.name);
  if (known) return known;
  const kept = world;
  const [save, aside] = [await redis.keysBuffer('*'), new Map<string, Buffer>()];
  for (const key of save) aside.set(key.toString('latin1'), (await redis.dumpBuffer(key))!);
  const result: string[][] = [];
  if (one.task === 'restore') {
    world = new World();
    await redis.flushall();
    await world.build(redis);
    result.push(await stateOf(world, redis, one.session));
  } else {
    world = new World();
    await redis.flushall();
    await world.build(redis);
    await world.repairer().run(planOf(one.session, one.task), world.target(one.session, redis));
    result.push(await stateOf(world, redis, one.session));
  }
  await world.remove();
  world = kept;
  await redis.flushall();
  for (const [key, dump] of aside) await redis.restore(Buffer.from(key, 'latin1'), key.endsWith(':session-5500000000001.0') ? 86_400_000 : 0, dump);
  references.set(one.name, result);
  return result;
}

for (const one of CASES) {
  test(`killed before and after every mark of: ${one.name}`, async () => {
    for (let mark = 1; mark <= one.marks; mark++) {
      await killAndRecover(one, { hold: { mark, side: 'before' } });
      // After a result is the same instant as before the next intent; the way back has marks of another rhythm.
      if (mark % 2 === 0 || mark > marksOf(one.task) - 2 || mark === one.marks) await killAndRecover(one, { hold: { mark, side: 'after' } });
    }
    // One more mark than these does not exist: the matrix knows every step.
    await prepare(one).then(async (backup) => {
      const { killed, output } = await runAndKill({ dir: world.dir, redis: server.socket, session: one.session, task: one.task, backup, faults: one.faults, hold: { mark: one.marks + 1, side: 'before' } });
      expect(killed, output).toBe(false);
      expect(output).toContain('outcome ');
    });
  }, 240_000);
}

test('killed at random instants of a repair and a reset', async () => {
  const seed = Number(process.env.AUTO_FIX_SEED ?? 20260209);
  const random = seeded(seed);
  for (let round = 0; round < 16; round++) {
    const one = CASES.filter(({ task }) => task !== 'reconnect')[Math.floor(random() * (CASES.length - 1))]!;
    await killAndRecover(one, { afterMs: Math.floor(random() * 120) });
  }
}, 120_000);

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stepsOf } from '../../sidecar/repair/steps.ts';
import { runAndKill } from './fixtures/crash.ts';
import { treeOf } from './fixtures/tree.ts';
import { planOf, World } from './fixtures/world.ts';

let world: World;
beforeEach(async () => {
  world = new World();
  await world.build(null);
});
afterEach(() => world.remove());

const markOf = (task: 'reset' | 'restore', step: 'backup' | 'clear-files' | 'put-back', side: 'intent' | 'result') => 2 + 2 * stepsOf(task).indexOf(step as never) + (side === 'result' ? 1 : 0);

test.each([['before', 'result'], ['after', 'result']] as const)('somebody removed the backups of a repair that was cut off %s its clearing was noted: the session is started as it is, told once, and not held for ever', async (side, mark) => {
  const gateway = world.gateway('baileys');
  await runAndKill({ dir: world.dir, redis: null, session: '31', task: 'reset', hold: { mark: markOf('reset', 'clear-files', mark), side } });
  expect(gateway.running('31')).toBe(false);
  rmSync(join(world.backups, '31'), { recursive: true });
  const told: string[] = [];
  const repairer = world.repairer({ told });
  const outcomes = await repairer.recover(() => world.target('31', null, gateway));
  expect(outcomes).toMatchObject([{ result: 'failed', detail: expect.stringMatching(/there is no backup 31\/.*started as it is/) }]);
  expect(gateway.running('31')).toBe(true);
  expect(await repairer.recover(() => world.target('31', null, gateway))).toEqual([]);
  expect(await repairer.run(planOf('31', 'repair'), world.target('31', null, gateway))).not.toMatchObject({ code: 'in-flight' });
});

test('before anything was deleted it needs no backup to be taken back', async () => {
  const gateway = world.gateway('baileys');
  const before = await treeOf(join(world.sessions, '1/31'));
  await runAndKill({ dir: world.dir, redis: null, session: '31', task: 'reset', hold: { mark: markOf('reset', 'backup', 'result'), side: 'after' } });
  rmSync(join(world.backups, '31'), { recursive: true });
  expect(await world.repairer().recover(() => world.target('31', null, gateway))).toMatchObject([{ result: 'rolled-back' }]);
  expect([gateway.running('31'), await treeOf(join(world.sessions, '1/31'))]).toEqual([true, before]);
});

test('the backup that was being put back is gone after a cut: the state before is put back', async () => {
  const gateway = world.gateway('baileys');
  const target = world.target('31', null, gateway);
  const source = (await world.repairer().run(planOf('31', 'repair'), target)).backup!.replace('.tar.zst', '');
  const before = await treeOf(join(world.sessions, '1/31'));
  await runAndKill({ dir: world.dir, redis: null, session: '31', task: 'restore', backup: source, hold: { mark: markOf('restore', 'put-back', 'result'), side: 'before' } });
  for (const file of readdirSync(join(world.backups, '31'))) if (file.startsWith(source.split('/')[1]!)) rmSync(join(world.backups, '31', file));
  expect(await world.repairer().recover(() => target)).toMatchObject([{ result: 'rolled-back', detail: expect.stringMatching(/there is no backup 31\/.*-repair/) }]);
  expect([gateway.running('31'), await treeOf(join(world.sessions, '1/31'))]).toEqual([true, before]);
});

test('cut off on its way back after the session had been started once: it is started again', async () => {
  const gateway = world.gateway('baileys', { start: 'first-never-healthy' });
  const order = { dir: world.dir, redis: null, session: '31', task: 'reset' as const, faults: gateway.faults };
  // Opening, two marks a step up to `intent verify`, its error, and then the close of the way back.
  await runAndKill({ ...order, hold: { mark: 1 + 2 * stepsOf('reset').length + 1, side: 'after' } });
  await gateway.close('31');
  rmSync(join(world.backups, '31'), { recursive: true });
  expect(await world.repairer().recover(() => world.target('31', null, gateway))).toMatchObject([{ result: 'failed', detail: expect.stringMatching(/started as it is/) }]);
  expect(gateway.running('31')).toBe(true);
});

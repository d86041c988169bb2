import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Backups } from '../../sidecar/repair/backups.ts';
import { journalWith } from './fixtures/hooked-journal.ts';
import { LockHands, planOf, World } from './fixtures/world.ts';

const LOGIN = 'Default/IndexedDB/https_web_0.indexeddb.leveldb/000003.log';
let world: World;
beforeEach(async () => {
  world = new World();
  await world.build(null);
});
afterEach(() => world.remove());

/** Somebody starts the session in the gateway while it is repaired, and a human scans: a new login stands in its files. */
function startedBySomebody(): void {
  const profile = join(world.profiles, 'Shop Nord');
  rmSync(join(profile, 'SingletonLock'), { force: true });
  symlinkSync('gateway-99', join(profile, 'SingletonLock'));
  writeFileSync(join(profile, LOGIN), 'a new login, scanned just now');
}

const login = () => readFileSync(join(world.profiles, 'Shop Nord', LOGIN), 'utf8');

test.each(['result backup', 'result unlink-disposable'])('started at %s: nothing is deleted, so nothing is taken back, and it is left running as it is', async (when) => {
  const gateway = world.gateway('chromium');
  const hands = new LockHands(world.profiles);
  const journal = journalWith(world.database(), when, () => {
    startedBySomebody();
    hands.extra.push({ pid: 99, args: ['chrome', `--user-data-dir=${world.profiles}/Shop Nord`] });
  });
  const outcome = await world.repairer({ journal, hands }).run(planOf('Shop Nord', 'reset'), world.target('Shop Nord', null, gateway));
  expect(outcome).toMatchObject({ result: 'failed', detail: expect.stringMatching(/was started by somebody else meanwhile/) });
  expect(login()).toBe('a new login, scanned just now');
  expect(gateway.calls.filter((call) => call.startsWith('close'))).toEqual(['close Shop Nord']);
});

test('started when files may have been deleted already: what it wrote is kept in a backup before the old files are put over it', async () => {
  const gateway = world.gateway('chromium');
  const before = login();
  const repairer = world.repairer({ journal: journalWith(world.database(), 'intent clear-files', startedBySomebody) });
  const target = world.target('Shop Nord', null, gateway);
  const outcome = await repairer.run(planOf('Shop Nord', 'reset'), target);
  expect(outcome).toMatchObject({ result: 'rolled-back', detail: expect.stringMatching(/was started by somebody else meanwhile/) });
  expect(login()).toBe(before);
  const kept = (await repairer.folder.list('Shop Nord')).find(({ rung }) => rung === 'before-restore');
  expect(kept, 'a backup of what it wrote').toBeDefined();
  expect(await new Backups(world.repairer(), () => Date.now()).restore(kept!.id, target)).toMatchObject({ result: 'fixed' });
  expect(login()).toBe('a new login, scanned just now');
});

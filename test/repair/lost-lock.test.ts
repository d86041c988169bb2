import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../../sidecar/clock.ts';
import { Locks, whoAmI } from '../../sidecar/state/lock.ts';
import { journalWith } from './fixtures/hooked-journal.ts';
import { treeOf } from './fixtures/tree.ts';
import { planOf, World } from './fixtures/world.ts';

let world: World;
beforeEach(async () => {
  world = new World();
  await world.build(null);
});
afterEach(() => world.remove());

test.each(['result close', 'result backup', 'intent clear-files', 'result clear-redis'])('a process that stood still at %s for so long that its lock went to another does nothing to the session any more', async (when) => {
  const db = world.database();
  const before = await treeOf(join(world.sessions, '1/31'));
  // The machine slept: seconds went by on its clock, and a process elsewhere has the lock now.
  let slept = 0;
  const clock = { now: () => Date.now() + slept, sleep: (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms)) } satisfies Pick<VirtualClock, 'now' | 'sleep'>;
  const journal = journalWith(db, when, () => {
    slept = 20_000;
    db.exec("UPDATE session_locks SET token = 'theirs', host = 'elsewhere boot ns'");
  });
  const gateway = world.gateway('baileys');
  const repairer = world.repairer({ db, journal, clock });
  await expect(repairer.run(planOf('31', 'reset'), world.target('31', null, gateway))).rejects.toThrow(/another process took over the lock of 31, and with it this repair; nothing more is changed from here/);
  expect(gateway.calls).toEqual(['close 31']);
  if (when !== 'result clear-redis') expect(await treeOf(join(world.sessions, '1/31'))).toEqual(before);

  // Whoever has the lock has the repair: here, when that process is gone too.
  db.exec('DELETE FROM session_locks');
  const [outcome] = await world.repairer({ db }).recover(() => world.target('31', null, gateway));
  expect(outcome?.result).toBe(when === 'result clear-redis' || when === 'intent clear-files' ? 'needs-qr' : 'rolled-back');
  expect(gateway.running('31')).toBe(true);
});

test('told to stop while it looks whether a lock is left over: no repair begins', async () => {
  const db = world.database();
  db.exec("INSERT INTO session_locks VALUES ('31', 'theirs', 'sidecar', 7, '5', 'elsewhere boot ns', 1, 1)");
  let stopped: Promise<void> | undefined;
  let ticks = 0;
  const clock = {
    now: () => Date.now(),
    async sleep(ms: number) {
      ticks += ms;
      stopped ??= repairer.finishSoon(5_000);
    },
  };
  const gateway = world.gateway('baileys');
  const repairer = world.repairer({ db, clock, locks: new Locks(db, clock, whoAmI(), () => ticks) });
  expect(await repairer.run(planOf('31', 'reset'), world.target('31', null, gateway))).toMatchObject({ result: 'refused' });
  await stopped;
  expect([gateway.calls, db.prepare('SELECT count(*) AS n FROM repairs').get()]).toEqual([[], { n: 0 }]);
});

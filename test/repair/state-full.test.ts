import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../sidecar/state/database.ts';
import { JOURNAL_SCHEMA } from '../../sidecar/state/journal.ts';
import { LOCK_SCHEMA } from '../../sidecar/state/lock.ts';
import { stepsOf } from '../../sidecar/repair/steps.ts';
import { journalWith } from './fixtures/hooked-journal.ts';
import { treeOf } from './fixtures/tree.ts';
import { planOf, World } from './fixtures/world.ts';

const isRoot = process.getuid?.() === 0;
let world: World;
let volume: string;
let db: DatabaseSync;
beforeEach(async () => {
  world = new World();
  await world.build(null);
  volume = join(world.dir, 'state-volume');
  mkdirSync(volume);
  if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', volume]);
  db = openDatabase(volume, [JOURNAL_SCHEMA, LOCK_SCHEMA], 'FULL');
});
afterEach(async () => {
  db.close();
  if (isRoot) execFileSync('umount', ['-l', volume]);
  await world.remove();
});

const filler = () => join(volume, 'filler');
/** Not a byte is left on the volume of the state database, as when somebody else's log has grown. */
function fill(): void {
  for (let size = 1 << 20; size >= 512; size >>= 1) {
    for (;;) {
      const { bavail } = statfsSync(volume);
      if (bavail === 0) return;
      try {
        writeFileSync(filler(), Buffer.alloc(size), { flag: 'a' });
      } catch {
        break; // that much is no longer free
      }
    }
  }
}
/** SQLite writes into pages it has already: only a write-ahead log that must grow meets the full disk. */
const settle = () => db.exec('PRAGMA wal_checkpoint(TRUNCATE)');

const WRITES = stepsOf('repair').flatMap((step) => [`intent ${step}`, `result ${step}`]);

describe.runIf(isRoot)('the volume of the state database is full', () => {
  test.each(WRITES)('from %s on: the session is whole and runs, it is told once, and when there is space again nothing is held or open', async (when) => {
    const told: string[] = [];
    const gateway = world.gateway('baileys');
    const before = await treeOf(join(world.sessions, '1/31'));
    const journal = journalWith(db, when, () => {
      settle();
      fill();
    });
    const repairer = world.repairer({ db, journal, told });
    const outcome = await repairer.run(planOf('31', 'repair'), world.target('31', null, gateway));
    const now = await treeOf(join(world.sessions, '1/31'));
    expect(gateway.running('31')).toBe(true);
    const isNew = now.length < before.length;
    if (!isNew) expect(now).toEqual(before);
    expect(outcome.result, outcome.detail).toMatch(isNew ? /^fixed|failed$/ : /^(rolled-back|failed)$/);
    expect(told.join('\n')).toMatch(/check the volume of AUTO_FIX_STATE_DIR/);

    const calls = [...gateway.calls];
    expect(await repairer.recover(() => world.target('31', null, gateway))).toEqual([]);
    rmSync(filler());
    expect(await repairer.recover(() => world.target('31', null, gateway))).toEqual([]);
    expect(gateway.calls).toEqual(calls);
    expect(repairer.journal.history('31').map((record) => record.outcome)).toEqual([outcome]);
    expect(await repairer.run(planOf('31', 'repair'), world.target('31', null, gateway))).toMatchObject({ result: 'fixed' });
  });

  test('before a repair begins: nothing is touched, and why is a sentence', async () => {
    settle();
    fill();
    const gateway = world.gateway('baileys');
    await expect(world.repairer({ db, journal: journalWith(db, '', () => undefined) }).run(planOf('31', 'repair'), world.target('31', null, gateway)))
      .rejects.toThrow(/the state database cannot be written \(database or disk is full\), so nothing is done to it; check the volume of AUTO_FIX_STATE_DIR/);
    expect(gateway.calls).toEqual([]);
  });
});

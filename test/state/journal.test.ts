import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../../sidecar/clock.ts';
import { openDatabase } from '../../sidecar/state/database.ts';
import { Journal, SCHEMA } from '../../sidecar/state/journal.ts';
import type { Outcome } from '../../sidecar/words.ts';

const dir = mkdtempSync(join(tmpdir(), 'journal-'));
const clock = new VirtualClock(1_000_000);
let db: DatabaseSync;
let journal: Journal;
beforeEach(() => {
  db = openDatabase(dir, [SCHEMA], 'FULL');
  journal = new Journal(db, clock);
});
afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true });
});

const ended = (repair: string): Outcome => ({ repair, session: '26', rung: 'repair', result: 'fixed', detail: 'status OPENED', startedAt: 1, endedAt: 2, backup: null });

test('an outcome is untold from the commit that holds it until somebody has told it, also for the next process', () => {
  const [first, second] = [journal.open('26', 'repair', 'r'), journal.open('27', 'repair', 'r')];
  journal.close(first, ended(first));
  expect(new Journal(openDatabase(dir, [SCHEMA], 'FULL'), clock).untold()).toEqual([ended(first)]);
  journal.close(second, ended(second));
  journal.told(first);
  expect(journal.untold()).toEqual([ended(second)]);
  journal.told(second);
  expect(journal.untold()).toEqual([]);
});

test('a second outcome is refused, and the first one stays as it was', () => {
  const id = journal.open('26', 'repair', 'r');
  journal.close(id, ended(id));
  expect(() => journal.close(id, { ...ended(id), result: 'failed' })).toThrow(/has an outcome already/);
  expect(journal.untold()).toEqual([ended(id)]);
  expect(journal.record(id)!.outcome).toEqual(ended(id));
});

test('outcomes of a database that knew no untold ones are all told', () => {
  const id = journal.open('26', 'repair', 'r');
  journal.close(id, ended(id));
  db.exec('DROP TABLE repairs_untold');
  expect(new Journal(openDatabase(dir, [SCHEMA], 'FULL'), clock).untold()).toEqual([]);
});

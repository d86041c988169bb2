import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../sidecar/clock.ts';
import { bornOf, Locks, LOCK_SCHEMA, whoAmI, type SessionLock } from '../../sidecar/state/lock.ts';

let db: DatabaseSync;
const clock = new VirtualClock(1_000_000);
beforeEach(() => {
  db = new DatabaseSync(':memory:');
  db.exec(LOCK_SCHEMA);
});

function mustTake(locks: Locks, session: string): SessionLock {
  const taken = locks.take(session, 'sidecar');
  if ('heldBy' in taken) throw new Error(`held by ${taken.heldBy.owner}`);
  return taken.lock;
}

test('a session is held by one at a time, and the other learns by whom', () => {
  const lock = mustTake(new Locks(db, clock), '26');
  expect(new Locks(db, clock).take('26', 'command line')).toMatchObject({ heldBy: { owner: 'sidecar', pid: process.pid } });
  expect('lock' in new Locks(db, clock).take('27', 'command line')).toBe(true);
  lock.release();
  expect('lock' in new Locks(db, clock).take('26', 'command line')).toBe(true);
});

test('the lock of a process that died is taken over at once, and the dead one no longer holds it', async () => {
  const child = spawn('sleep', ['60']);
  const dead = new Locks(db, clock, { ...whoAmI(), pid: child.pid!, born: bornOf(child.pid!)! });
  const theirs = mustTake(dead, '26');
  expect(new Locks(db, clock).holder('26')).toMatchObject({ pid: child.pid });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const mine = mustTake(new Locks(db, clock), '26');
  expect(theirs.stillMine()).toBe(false);
  theirs.release();
  expect(mine.stillMine()).toBe(true);
  mine.release();
});

test('a recycled pid is not the old holder', () => {
  mustTake(new Locks(db, clock, { ...whoAmI(), born: '1' }), '26');
  expect(new Locks(db, clock).holder('26')).toBeNull();
});

describe('a holder in another container', () => {
  const elsewhere = () => new Locks(db, clock, { pid: 7, born: '5', host: 'other-container boot ns' });
  const here = (ticks: () => number) => new Locks(db, clock, whoAmI(), ticks);

  test('may be gone after 15 s without a heartbeat', async () => {
    const lock = mustTake(elsewhere(), '26');
    await clock.moveTo(clock.now() + 15_000);
    expect(new Locks(db, clock).holder('26')).toMatchObject({ host: 'other-container' });
    expect(lock.stillMine()).toBe(true);
    await clock.moveTo(clock.now() + 15_001);
    expect(new Locks(db, clock).holder('26')).toBeNull();
    lock.release();
  });

  test('is gone when its heartbeat stood still while it was looked at', async () => {
    let ticks = 0;
    const theirs = mustTake(elsewhere(), '26');
    const mine = here(() => ticks);
    await clock.moveTo(clock.now() + 20_000);
    expect(mine.take('26', 'sidecar')).toMatchObject({ heldBy: { host: 'other-container' }, mayBeGone: true });
    ticks += 4_999;
    expect(mine.take('26', 'sidecar')).toMatchObject({ mayBeGone: true });
    ticks += 1;
    expect('lock' in mine.take('26', 'sidecar')).toBe(true);
    expect(theirs.stillMine()).toBe(false);
    theirs.release();
  });

  test('keeps its lock when only the clock was set, forwards or back', async () => {
    let ticks = 0;
    const theirs = mustTake(elsewhere(), '26');
    const mine = here(() => ticks);
    for (const set of [clock.now() + 3_600_000, clock.now() + 7_200_000]) {
      await clock.moveTo(set);
      expect(mine.take('26', 'sidecar')).toMatchObject({ mayBeGone: true });
      ticks += 10_000;
      expect(theirs.stillMine()).toBe(true); // its next heartbeat
      expect(mine.take('26', 'sidecar')).not.toHaveProperty('lock');
    }
    const behind = new Locks(db, new VirtualClock(1_000), whoAmI(), () => ticks);
    expect(behind.take('26', 'sidecar')).toMatchObject({ mayBeGone: true });
    theirs.release();
  });

  test('whose beat lies in the future of a clock that was set back does not hold it for that long', () => {
    let ticks = 0;
    mustTake(elsewhere(), '26').release();
    db.prepare("INSERT INTO session_locks VALUES ('26', 't', 'sidecar', 7, '5', 'other-container boot ns', 1, ?)").run(clock.now() + 3_600_000);
    const mine = here(() => ticks);
    expect(mine.take('26', 'sidecar')).toMatchObject({ mayBeGone: true });
    ticks += 5_000;
    expect('lock' in mine.take('26', 'sidecar')).toBe(true);
  });
});

test('a lock that cannot be released (a full disk) ends no work, holds nobody up in this process, and is released when it can be', async () => {
  const locks = new Locks(db, clock);
  const lock = mustTake(locks, '26');
  db.exec("CREATE TRIGGER full BEFORE DELETE ON session_locks BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END");
  lock.release();
  expect(locks.holder('26')).toBeNull();
  const next = mustTake(locks, '26');
  db.exec('DROP TRIGGER full');
  next.release();
  expect(db.prepare('SELECT count(*) AS n FROM session_locks').get()).toEqual({ n: 0 });
});

test('a heartbeat that cannot be written costs the beat and not the lock, and a lock that was taken over is lost all the same', () => {
  const lock = mustTake(new Locks(db, clock), '26');
  db.exec("CREATE TRIGGER full BEFORE UPDATE ON session_locks BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END");
  expect(lock.stillMine()).toBe(true);
  db.exec("DELETE FROM session_locks");
  expect(lock.stillMine()).toBe(false);
  lock.release();
});

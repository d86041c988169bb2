import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromMs } from '../../sidecar/event-time.ts';
import { openDatabase } from '../../sidecar/state/database.ts';
import { Records, SCHEMA } from '../../sidecar/state/records.ts';
import type { Hit } from '../../sidecar/words.ts';

const T0 = Date.parse('2026-02-09T10:00:00Z');
let dir: string;
let database: DatabaseSync;
let failures: (string | null)[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'auto-fix-records-'));
  database = openDatabase(dir, [SCHEMA], 'NORMAL');
  failures = [];
});
afterEach(() => {
  database.close();
  rmSync(dir, { recursive: true });
});

const records = () => new Records(database, (error) => failures.push(error && error.message));
const hit = (over: Partial<Hit> = {}): Hit => ({
  at: fromMs(T0) + 123_456_789n, class: 'disconnect', pattern: 'browser-closed', who: { session: 'pixel12digital', by: 'named' },
  cause: 'c1', container: 'wppconnect-server', stream: 'stdout', evidence: 'browserClose', ...over,
});

describe('what is remembered over a restart', () => {
  it('gives hits back as they were, to the nanosecond and oldest first', () => {
    const first = records();
    first.stageHit(hit({ cause: 'c2', at: fromMs(T0 + 1) }));
    first.stageHit(hit());
    first.close();
    expect(records().hitsSince(0n)).toEqual([hit({ cause: 'c2', at: fromMs(T0 + 1) }), hit()].sort((a, b) => Number(a.at - b.at)));
  });

  it('counts the same cause once, however often it is read again', () => {
    const again = records();
    again.stageHit(hit());
    again.flush();
    again.stageHit(hit({ evidence: 'read again' }));
    expect(again.hitsSince(0n)).toEqual([hit()]);
  });

  it('keeps the same cause of two sessions apart', () => {
    const both = records();
    both.stageHit(hit());
    both.stageHit(hit({ who: { session: 'ImobSites', by: 'named' } }));
    expect(both.hitsSince(0n)).toHaveLength(2);
    expect(both.hitsSince(0n, 'ImobSites')).toHaveLength(1);
  });

  it('gives the newest log-out and recovery of each session', () => {
    const some = records();
    const signal = (second: number, cls: Hit['class'], session: string) => hit({ at: fromMs(T0 + second * 1000), class: cls, cause: `c${second}`, who: { session, by: 'named' } });
    for (const one of [signal(1, 'logout', 'ImobSites'), signal(5, 'logout', 'ImobSites'), signal(3, 'recovery', 'ImobSites'), signal(4, 'logout', 'pixel12digital'), hit()]) some.stageHit(one);
    expect(some.lastSignals()).toEqual([signal(3, 'recovery', 'ImobSites'), signal(4, 'logout', 'pixel12digital'), signal(5, 'logout', 'ImobSites')]);
  });

  it('moves the last sign of life forward only', () => {
    const some = records();
    for (const minute of [5, 2]) {
      some.stageActivity('pixel12digital', 'onmessage', fromMs(T0 + minute * 60_000));
      some.flush();
    }
    expect(some.lastActivity('pixel12digital')).toEqual([{ event: 'onmessage', at: fromMs(T0 + 5 * 60_000) }]);
  });

  it('tells signs of life newest first, also after a restart, and writes none that is old', () => {
    const some = records();
    for (const [event, minute] of [['onack', 1], ['onmessage', 3], ['onpresencechanged', 2]] as const) some.stageActivity('ImobSites', event, fromMs(T0 + minute * 60_000));
    some.flush();
    const told = ['onmessage', 'onpresencechanged', 'onack'];
    expect(some.lastActivity('ImobSites').map(({ event }) => event)).toEqual(told);
    const again = records();
    expect(again.lastActivity('ImobSites').map(({ event }) => event)).toEqual(told);
    const written = () => database.prepare('SELECT total_changes() AS n').get()!.n;
    const before = written();
    again.stageActivity('ImobSites', 'onmessage', fromMs(T0 + 3 * 60_000));
    again.flush();
    expect(written()).toBe(before);
  });

  it('stores nothing of a session that nobody knows', () => {
    const some = records();
    some.stageHit(hit({ who: { refused: 'unknown-session', spelled: 'stranger' } }));
    expect(some.hitsSince(0n)).toEqual([]);
  });
});

describe('a cursor and its hits', () => {
  it('are committed together or not at all', () => {
    const other = new DatabaseSync(join(dir, 'auto-fix.sqlite'));
    const some = records();
    some.stageHit(hit());
    some.stageCursor('id1', 'wppconnect-server', '{"at":1}');
    expect(other.prepare('SELECT count(*) AS n FROM hits').get()).toEqual({ n: 0 });
    expect(other.prepare('SELECT count(*) AS n FROM cursors').get()).toEqual({ n: 0 });
    some.flush();
    expect(other.prepare('SELECT count(*) AS n FROM hits').get()).toEqual({ n: 1 });
    expect(other.prepare('SELECT cursor FROM cursors').get()).toEqual({ cursor: '{"at":1}' });
    other.close();
  });

  it('stay staged when the database cannot be written, and say so', () => {
    database.exec('CREATE TRIGGER full BEFORE INSERT ON cursors BEGIN SELECT RAISE(FAIL, \'database or disk is full\'); END');
    const some = records();
    some.stageHit(hit());
    some.stageCursor('id1', 'wppconnect-server', '{}');
    some.flush();
    expect(failures).toEqual(['database or disk is full']);
    expect(database.prepare('SELECT count(*) AS n FROM hits').get()).toEqual({ n: 0 });
    database.exec('DROP TRIGGER full');
    some.flush();
    expect(some.hitsSince(0n)).toHaveLength(1);
    expect(some.cursor('id1')).toBe('{}');
    expect(failures).toEqual(['database or disk is full', null]);
    some.close();
  });
});

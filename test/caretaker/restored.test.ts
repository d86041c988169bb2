import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { rememberRepairs, takeUp } from '../../sidecar/caretaker/restored.ts';
import { VirtualClock } from '../../sidecar/clock.ts';
import { Desk } from '../../sidecar/decide/desk.ts';
import { Detector } from '../../sidecar/detect/detector.ts';
import { loadPatterns } from '../../sidecar/detect/patterns.ts';
import { Journal, SCHEMA } from '../../sidecar/state/journal.ts';
import { decided, firing, look, MINUTE, settings } from '../decide/asked.ts';
import type { FaultClass, Hit, LogLine, Rung } from '../../sidecar/words.ts';

const T0 = Date.parse('2026-02-09T10:00:00Z');

describe('a sidecar that starts again', () => {
  const id = '26';
  const lines = (...seconds: number[]) => seconds.map((second): LogLine => ({
    container: 'backend', containerId: 'c1', stream: 'stdout', ts: `${new Date(T0 + second * 1000).toISOString().slice(0, -1)}000000Z`,
    text: `ERROR [wbot] whatsappId=${id} error: Invalid PreKey ID (msg 3EB0AA${String(keys.get(second) ?? second).padStart(4, '0')})`, skippedBytes: 0,
  }));
  /** Which message a line at that second tells of, where it is not one of its own. */
  const keys = new Map<number, number>();
  const newDetector = () => new Detector({
    patterns: loadPatterns(join(import.meta.dirname, '../../patterns')), maxHits: 5, windowMs: 300_000,
    sessions: { names: () => [id], resolve: (name) => (name === id ? id : null), inContainer: () => [id], holderOfPeer: () => null },
  });
  const read = (detector: Detector, of: readonly LogLine[]) => of.flatMap((line) => [...detector.read(line)]);
  const restart = (stored: readonly Hit[], atSecond: number, repairEndedAt: number | null = null) => {
    const detector = newDetector();
    const firings = takeUp({
      records: { hitsSince: (since) => stored.filter(({ at: when }) => when > since), lastSignals: () => stored.filter(({ class: cls }) => cls === 'logout' || cls === 'recovery') }, detector, history: { lastEnd: () => repairEndedAt },
      detect: { windowMs: 300_000, maxHits: 5 }, now: T0 + atSecond * 1000,
    });
    return { detector, firings };
  };

  it('goes on counting where it stood', () => {
    const { detector, firings } = restart(read(newDetector(), lines(1, 2, 3, 4, 5)).map(({ hit }) => hit), 10);
    expect(firings).toEqual([]);
    expect(read(detector, lines(20)).map(({ firing }) => firing?.count)).toEqual([6]);
  });

  it('goes on with an incident without another line when its window is over the limit', () => {
    const stored = read(newDetector(), lines(1, 2, 3, 4, 5, 6)).map(({ hit }) => hit);
    expect(restart(stored, 10).firings).toMatchObject([{ class: 'corruption', who: { session: id }, count: 6, patterns: { 'host-signal-error': 6 } }]);
    expect(restart(stored, 302).firings).toEqual([]);
  });

  it('does not take a connection that opened for keys that work', () => {
    const opened: LogLine = { ...lines(10)[0]!, text: `{"level":30,"sessionId":"${id}","msg":"opened connection to WA"}` };
    const stored = read(newDetector(), [...lines(1, 2, 3, 4, 5, 6), opened]).map(({ hit }) => hit);
    expect(restart(stored, 20).firings).toMatchObject([{ class: 'corruption', count: 6 }]);
  });

  it('still knows of a session that was unlinked the day before, and of one that has connected since', () => {
    const unlinked: LogLine = { ...lines(1)[0]!, text: `WARN [wbot] whatsappId=${id} connection closed statusCode=401` };
    const opened: LogLine = { ...lines(7_200)[0]!, text: `{"level":30,"sessionId":"${id}","msg":"opened connection to WA"}` };
    const loggedOut = (of: readonly LogLine[]) => restart(read(newDetector(), of).map(({ hit }) => hit), 90_000).detector.look(id, T0).loggedOutSince !== null;
    expect(loggedOut([unlinked])).toBe(true);
    expect(loggedOut([unlinked, opened])).toBe(false);
  });

  it('takes the retry of a message for the hit it was before, also when that has left the window', () => {
    const { detector } = restart(read(newDetector(), lines(1)).map(({ hit }) => hit), 590);
    keys.set(600, 1);
    expect(read(detector, lines(600)).map(({ fresh }) => fresh)).toEqual([false]);
  });

  it('takes the retry of a message that a repair has dealt with for no new hit', () => {
    const stored = read(newDetector(), lines(1, 2, 3, 4, 5, 6)).map(({ hit }) => hit);
    const { detector, firings } = restart(stored, 60, T0 + 30_000);
    expect(firings).toEqual([]);
    for (const second of [61, 62, 63, 64, 65, 66]) keys.set(second, second - 60);
    expect(read(detector, lines(61, 62, 63, 64, 65, 66)).map(({ fresh, firing }) => ({ fresh, firing }))).toEqual(Array(6).fill({ fresh: false, firing: null }));
  });

  it('does not count again what a repair has spent', () => {
    const { detector } = restart(read(newDetector(), lines(1, 2, 3, 4, 5, 6)).map(({ hit }) => hit), 60, T0 + 30_000);
    expect(read(detector, lines(71, 72, 73, 74, 75, 76)).map(({ firing }) => firing?.count ?? null)).toEqual([null, null, null, null, null, 6]);
  });
});

describe('repairs that ended before a restart', () => {
  function deskAfter(rung: Rung, cls: FaultClass | null): Desk {
    const db = new DatabaseSync(':memory:');
    db.exec(SCHEMA);
    const journal = new Journal(db, new VirtualClock(T0));
    journal.close(journal.open('pixel12digital', rung, 'a reason', cls), { session: 'pixel12digital', rung, result: 'fixed', detail: '', startedAt: T0, endedAt: T0, backup: null });
    const desk = new Desk(settings());
    rememberRepairs(journal, desk, T0 + MINUTE);
    return desk;
  }

  it('leave the session alone for the rest of the cooldown', () => {
    expect(decided(deskAfter('restart', 'disconnect'), T0 + 14 * MINUTE, firing(), look('zombie'))).toBe('cooldown');
  });

  it('lead to the next rung when the same class fires again', () => {
    expect(decided(deskAfter('restart', 'disconnect'), T0 + 20 * MINUTE, firing(), look('zombie'))).toBe('reset');
    expect(decided(deskAfter('repair', 'corruption'), T0 + 20 * MINUTE, firing({ class: 'corruption' }), look('healthy'))).toBe('reset');
  });

  it('cost nobody a login when it was the other class: keys that were repaired say nothing about a lost connection', () => {
    expect(decided(deskAfter('repair', 'corruption'), T0 + 20 * MINUTE, firing(), look('zombie'))).toBe('restart');
    expect(decided(deskAfter('restart', 'disconnect'), T0 + 20 * MINUTE, firing({ class: 'corruption' }), look('healthy'))).toBe('repair');
  });

  it('have spent their part of the budget: restarts of the sidecar buy no more repairs', () => {
    const db = new DatabaseSync(':memory:');
    db.exec(SCHEMA);
    const journal = new Journal(db, new VirtualClock(T0));
    for (const minute of [0, 1, 2, 3]) {
      const at = T0 + minute * MINUTE;
      journal.close(journal.open('pixel12digital', 'restart', 'a reason', 'disconnect'), { session: 'pixel12digital', rung: 'restart', result: 'fixed', detail: '', startedAt: at, endedAt: at, backup: null });
    }
    const desk = new Desk(settings({ cooldownMs: 0 }));
    rememberRepairs(journal, desk, T0 + 4 * MINUTE);
    expect(decided(desk, T0 + 5 * MINUTE, firing(), look('zombie'))).toBe('budget-spent');
    expect(decided(desk, T0 + 61 * MINUTE, firing({ class: 'corruption' }), look('healthy'))).toBe('repair');
  });

  it('show nothing when a human named the rung', () => {
    expect(decided(deskAfter('repair', null), T0 + 20 * MINUTE, firing(), look('zombie'))).toBe('restart');
  });
});

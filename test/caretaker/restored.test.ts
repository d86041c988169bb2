import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { fromMs } from '../../sidecar/event-time.ts';
import { rememberRepairs, stillFiring, takeUp, unspent } from '../../sidecar/caretaker/restored.ts';
import { VirtualClock } from '../../sidecar/clock.ts';
import { Desk } from '../../sidecar/decide/desk.ts';
import { Detector } from '../../sidecar/detect/detector.ts';
import { loadPatterns } from '../../sidecar/detect/patterns.ts';
import { Journal, SCHEMA } from '../../sidecar/state/journal.ts';
import { decided, firing, look, MINUTE, settings } from '../decide/asked.ts';
import type { FaultClass, Hit, LogLine, Rung } from '../../sidecar/words.ts';

const T0 = Date.parse('2026-02-09T10:00:00Z');
const at = (second: number, over: Partial<Hit> = {}): Hit => ({
  at: fromMs(T0 + second * 1000), class: 'disconnect', pattern: 'browser-closed', who: { session: 'pixel12digital', by: 'named' },
  cause: `c${second}`, container: 'wppconnect-server', stream: 'stdout', evidence: `line ${second}`, ...over,
});
const never = () => null;

describe('hits that were stored before a restart', () => {
  it('count again', () => {
    expect(unspent([at(1), at(2)], never)).toHaveLength(2);
  });

  it('do not count again when the session said it works after them', () => {
    expect(unspent([at(1), at(2, { class: 'recovery' }), at(3)], never)).toEqual([at(3)]);
  });

  it('do not count again when a repair ended after them', () => {
    expect(unspent([at(1), at(20)], () => T0 + 10_000)).toEqual([at(20)]);
  });

  it('of one session are not spent by another one\'s recovery', () => {
    const other = at(2, { class: 'recovery', who: { session: 'ImobSites', by: 'named' } });
    expect(unspent([at(1), other], never)).toEqual([at(1)]);
  });

  it('let an incident go on without another line when their window is still over the limit', () => {
    const hits = [1, 2, 3, 4, 5, 6].map((second) => at(second, second === 6 ? { pattern: 'code-21' } : {}));
    expect(stillFiring(hits, () => 6, 5)).toMatchObject([{ count: 6, class: 'disconnect', patterns: { 'browser-closed': 5, 'code-21': 1 }, at: at(6).at }]);
    expect(stillFiring(hits, () => 5, 5)).toEqual([]);
  });
});

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
      records: { hitsSince: (since) => stored.filter(({ at: when }) => when > since) }, detector, history: { lastEnd: () => repairEndedAt },
      detect: { windowMs: 300_000, maxHits: 5 }, now: T0 + atSecond * 1000,
    });
    return { detector, firings };
  };

  it('goes on counting where it stood', () => {
    const { detector, firings } = restart(read(newDetector(), lines(1, 2, 3, 4, 5)).map(({ hit }) => hit), 10);
    expect(firings).toEqual([]);
    expect(read(detector, lines(20)).map(({ firing }) => firing?.count)).toEqual([6]);
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

  it('show nothing when a human named the rung', () => {
    expect(decided(deskAfter('repair', null), T0 + 20 * MINUTE, firing(), look('zombie'))).toBe('restart');
  });
});

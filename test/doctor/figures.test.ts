import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../sidecar/clock.ts';
import { figuresOf, percent, summaryLine } from '../../sidecar/doctor/figures.ts';
import { DAY_MS, IncidentHistory, SCHEMA } from '../../sidecar/state/history-of-incidents.ts';
import { Journal, SCHEMA as JOURNAL } from '../../sidecar/state/journal.ts';
import type { Outcome, OutcomeResult } from '../../sidecar/words.ts';

const DAY = Date.parse('2026-03-04T00:00:00Z');
const SPAN = { from: DAY, to: DAY + DAY_MS };

function books() {
  const db = new DatabaseSync(':memory:');
  db.exec(JOURNAL);
  db.exec(SCHEMA);
  const clock = new VirtualClock(DAY);
  const journal = new Journal(db, clock);
  const history = new IncidentHistory(db);
  const repair = async (at: number, result: OutcomeResult, reason = '6 disconnect hits in 5m', restored?: string): Promise<void> => {
    await clock.moveTo(DAY + at);
    const id = journal.open('Loja1', 'restart', reason);
    const outcome: Outcome = { session: 'Loja1', rung: 'restart', result, detail: '', startedAt: DAY + at, endedAt: DAY + at + 5_000, backup: null, ...(restored === undefined ? {} : { restored }) };
    journal.close(id, outcome);
  };
  return { history, repair };
}

describe('the figures of a day', () => {
  it('measure from the first sign to the incident, and from there to the proof', async () => {
    const { history, repair } = books();
    history.opened({ session: 'Loja1', class: 'disconnect', beganAt: DAY + 1_000, detectedAt: DAY + 41_000, endedAt: null }, 'page-closed');
    await repair(44_000, 'fixed');
    expect(figuresOf(history, SPAN)).toMatchObject({ incidents: 1, meanDetectMs: 40_000, meanRepairMs: 8_000, successRate: 1, byHand: 0, repairs: { fixed: 1, failed: 0 } });
  });

  it('count repairs by hand apart, and never as a time to repair', async () => {
    const { history, repair } = books();
    await repair(1_000, 'fixed', 'asked for by hand; probe zombie; restart');
    await repair(9_000, 'failed');
    expect(figuresOf(history, SPAN)).toMatchObject({ byHand: 1, successRate: 0.5, meanRepairMs: null, meanDetectMs: null });
  });

  it('sum refusals and looks, and give availability of the known time only', () => {
    const { history } = books();
    history.add(new Map([['looks', 3], ['refused cooldown', 2]]), DAY + 5_000);
    history.add(new Map([['refused cooldown', 1]]), DAY + 9_000);
    history.add(new Map([['refused cooldown', 7]]), DAY + DAY_MS);
    history.addAvailability([['Loja1', { up: 900, down: 100 }], ['Loja2', { up: 0, down: 0 }]], DAY);
    expect(figuresOf(history, SPAN)).toMatchObject({ looks: 3, refusals: { cooldown: 3 }, availability: { Loja1: 0.9, Loja2: null }, sessions: 2 });
  });

  it('are empty, not wrong, when nothing happened', () => {
    expect(figuresOf(books().history, SPAN)).toMatchObject({ incidents: 0, successRate: null, meanDetectMs: null, meanRepairMs: null, availability: {} });
  });

  it('are forgotten after a season, the newest stay', () => {
    const { history } = books();
    for (const day of [0, 100]) history.add(new Map([['looks', 1]]), DAY + day * DAY_MS);
    history.forgetOld(DAY + 100 * DAY_MS);
    expect(history.tallies({ from: 0, to: DAY + 101 * DAY_MS })).toEqual(new Map([['looks', 1]]));
  });
});

it('tells a day in one line', async () => {
  const { history, repair } = books();
  history.opened({ session: 'Loja1', class: 'disconnect', beganAt: DAY, detectedAt: DAY + 40_000, endedAt: null }, 'x');
  await repair(44_000, 'fixed');
  history.add(new Map([['looks', 720], ['refused cooldown', 2]]), DAY);
  history.addAvailability([['Loja1', { up: 999_999, down: 1 }]], DAY);
  expect(summaryLine(figuresOf(history, SPAN), '2026-03-04')).toBe(
    'summary of 2026-03-04: 1 sessions, 720 looks, 1 incidents (detected after 40 s on average); repairs: 1 fixed (working again after 9 s on average), by hand 0; refused: cooldown 2; availability: 99.99 % on average, 99.99 % at worst',
  );
});

it('never rounds a flaw away', () => {
  expect([percent(1), percent(0.999999), percent(0.5)]).toEqual(['100 %', '99.99 %', '50.00 %']);
});

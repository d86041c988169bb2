import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DatabaseSync } from 'node:sqlite';
import type { Incident } from '../../sidecar/decide/incident.ts';
import { bookkeeping, type Books } from '../../sidecar/doctor/bookkeeping.ts';
import { fromMs } from '../../sidecar/event-time.ts';
import type { HouseholdParts } from '../../sidecar/household.ts';
import type { TrueStatus } from '../../sidecar/report/house.ts';
import { createMetrics } from '../../sidecar/report/metrics.ts';
import type { Reporting } from '../../sidecar/reporting.ts';
import { openDatabase } from '../../sidecar/state/database.ts';
import { SCHEMA as JOURNAL } from '../../sidecar/state/journal.ts';
import { command } from './newcomer.ts';

const MIN = 60_000;
const NOON = Date.parse('2026-03-04T12:00:00Z');

let folder: string;
let database: DatabaseSync;
let books: Books;
let now: number;
let status: TrueStatus;
let incidents: Incident[];
let log: string[];
let troubles: Map<string, string | null>;
let metricsText: () => Promise<string>;

/** A house whose one session has the status and the incidents the test says. */
async function open(): Promise<void> {
  database = openDatabase(folder, [JOURNAL], 'NORMAL');
  const metrics = await createMetrics({
    streams: () => [], openIncidents: () => 0, openAlerts: () => 0, sessionsByStatus: () => ({}), paused: () => false, healthy: () => true,
    kept: { lastDay: () => books.lastDay(), webhookFailures: () => books.webhookFailures() },
  });
  metricsText = () => metrics.text();
  const report = {
    metrics, alerts: { alert: () => undefined, resolved: () => undefined, open: () => [] },
    tell: (_: string, message: string) => void log.push(message), trouble: (part: string, fault: string | null) => void troubles.set(part, fault),
  } as unknown as Reporting;
  const parts = {
    config: { detect: { windowMs: 5 * MIN } }, now: () => now, fleet: { names: () => ['Loja1'] },
    desk: { incidents: () => incidents, mutedUntil: () => null },
    detector: { look: () => ({ lastActivity: fromMs(NOON - MIN), corruption: 0, disconnect: 0 }) },
    records: { lastActivity: () => [], hitsSince: () => [{ at: fromMs(now - 30_000), class: 'disconnect' }] },
    book: { of: () => ({ status, since: null, source: 'probe', why: '' }) },
  } as unknown as HouseholdParts;
  books = bookkeeping(database, report, () => parts);
}

const stats = async (since = '24d') => JSON.parse((await command('stats', { AUTO_FIX_STATE_DIR: folder }, [], { json: true, since })).out) as Record<string, unknown>;
const passes = (minutes: number): void => {
  for (const end = now + minutes * MIN; now < end;) {
    now += 1000;
    books.tick();
  }
};
const incident = (found?: string): Incident => ({
  class: 'disconnect', openedAt: now, firing: { at: fromMs(now), class: 'disconnect', who: { session: 'Loja1', by: 'named' }, count: 6, patterns: { 'page-closed': 6 }, evidence: [], ...(found ? { found } : {}) },
} as unknown as Incident);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'books-'));
  [now, status, incidents, log, troubles] = [NOON, 'connected', [], [], new Map()];
  await open();
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the figures that a running sidecar keeps', () => {
  it('measure availability of the time that is known', () => {
    passes(30);
    status = 'disconnected';
    passes(10);
    status = 'unknown';
    passes(60);
    expect(books.lastDay().availability['Loja1']).toBeCloseTo(0.75, 1);
  });

  it('do not count a night in which the machine slept', () => {
    passes(3);
    now += 8 * 60 * MIN;
    status = 'disconnected';
    passes(1);
    expect(books.lastDay().availability['Loja1']).toBeLessThan(1);
    expect(books.lastDay().availability['Loja1']).toBeGreaterThan(0.3);
  });

  it('know an incident from its first line, and that it ended', async () => {
    passes(1);
    incidents = [incident()];
    passes(1);
    incidents = [];
    passes(1);
    expect(books.lastDay()).toMatchObject({ incidents: 1, meanDetectMs: 30_000 - 1000 });
    expect(database.prepare('SELECT count(*) AS open FROM incidents WHERE ended_at IS NULL').get()).toEqual({ open: 0 });
  });

  it('date a silent fault back to the last sign of life', () => {
    passes(10);
    incidents = [incident('looked dead three times')];
    passes(1);
    expect(books.lastDay().meanDetectMs).toBe(11 * MIN);
  });

  it('are passed on to the metrics, and read by auto-fix stats after a restart', async () => {
    now = Date.now();
    books.figures.refusal('cooldown');
    books.figures.probe('healthy');
    passes(2);
    books.close();
    expect(await metricsText()).toMatch(/auto_fix_refusals_total\{code="cooldown"\} 1/);
    expect(await metricsText()).toMatch(/auto_fix_day_availability_ratio 1/);
    expect(await metricsText()).toMatch(/auto_fix_day_detect_seconds Nan/i);
    database.close();
    await open();
    expect(await stats()).toMatchObject({ refusals: { cooldown: 1 }, looks: 1 });
  });

  it('are told once a day in the log, of the day before, also over a restart', async () => {
    passes(5);
    now = Date.parse('2026-03-05T00:00:00Z');
    passes(3);
    database.close();
    await open();
    passes(3);
    expect(log).toEqual([expect.stringMatching(/^summary of 2026-03-04: 1 sessions, 0 looks, 0 incidents; .*availability: 100 % on average/)]);
  });

  it('cost no repair when they cannot be written: that is said, and said to be over', () => {
    passes(1);
    database.exec('ALTER TABLE tallies RENAME TO away');
    books.figures.probe('healthy');
    passes(2);
    expect(troubles.get('figures')).toContain('auto-fix stats cannot be written');
    database.exec('ALTER TABLE away RENAME TO tallies');
    passes(2);
    expect(troubles.get('figures')).toBeNull();
    expect(books.lastDay().looks).toBe(1);
  });
});

describe('auto-fix stats', () => {
  it('says where no sidecar has ever run', async () => {
    await expect(command('stats', { AUTO_FIX_STATE_DIR: join(folder, 'none') })).rejects.toThrow('no sidecar has ever run');
  });

  it('prints a table for people', async () => {
    now = Date.now();
    passes(2);
    books.close();
    const { out, code } = await command('stats', { AUTO_FIX_STATE_DIR: folder });
    expect(code).toBe(0);
    expect(out).toMatch(/^repairs +0$/m);
    expect(out).toMatch(/^Loja1 +100 %$/m);
  });
});

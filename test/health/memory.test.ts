import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { fromMs } from '../../sidecar/event-time.ts';
import { SCHEMA, StoredMemory } from '../../sidecar/health/memory.ts';
import { StatusBook } from '../../sidecar/health/status-book.ts';
import { restoreStatus } from '../../sidecar/health/wiring.ts';
import { openDatabase } from '../../sidecar/state/database.ts';
import { Records, SCHEMA as RECORDS } from '../../sidecar/state/records.ts';

const T0 = Date.parse('2026-03-04T09:00:00Z');
let dir: string;
let failures: string[];
const open = () => openDatabase(dir, [RECORDS, SCHEMA], 'NORMAL');
const memoryOf = (database: ReturnType<typeof open>) => new StoredMemory(database, (error) => failures.push(error.message));

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'auto-fix-health-'));
  failures = [];
});
afterEach(() => rmSync(dir, { recursive: true }));

it('habits and the last connection are remembered over a restart', () => {
  const first = open();
  const learnt = { connectedAt: T0, quiets: [{ endedAt: T0, ms: 3_600_000 }] };
  const memory = memoryOf(first);
  memory.keep('loja1', learnt);
  memory.write();
  first.close();
  const again = memoryOf(open());
  expect(again.of('loja1')).toEqual(learnt);
  expect(again.of('nobody')).toEqual({ connectedAt: null, quiets: [] });
  expect([...again.lastConnected()]).toEqual([['loja1', T0]]);
});

it('a write that fails is told, and what was learnt still counts until the restart', () => {
  const database = open();
  const memory = memoryOf(database);
  database.close();
  memory.keep('loja1', { connectedAt: T0, quiets: [] });
  memory.write();
  expect(failures).toHaveLength(1);
  expect(memory.of('loja1').connectedAt).toBe(T0);
});

it('what could not be written is written with the next, and all of a few seconds in one commit', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const database = open();
  const memory = memoryOf(database);
  const stored = (session: string) => memoryOf(database).of(session).connectedAt;
  database.exec('ALTER TABLE health RENAME TO away');
  memory.keep('loja1', { connectedAt: T0, quiets: [] });
  vi.advanceTimersByTime(5_000);
  expect(failures).toHaveLength(1);
  database.exec('ALTER TABLE away RENAME TO health');
  memory.keep('loja2', { connectedAt: T0 + 1, quiets: [] });
  memory.keep('loja2', { connectedAt: T0 + 2, quiets: [] });
  expect(stored('loja1')).toBeNull();
  vi.advanceTimersByTime(5_000);
  expect([stored('loja1'), stored('loja2')]).toEqual([T0, T0 + 2]);
  expect(failures).toHaveLength(1);
});

it('what another version wrote counts as nothing learnt', () => {
  const database = open();
  database.exec(`INSERT INTO health VALUES ('loja1', ${T0}, '{"other":1}')`);
  expect(memoryOf(database).of('loja1')).toEqual({ connectedAt: T0, quiets: [] });
});

it('the true status after a restart is what stored lines and looks told, the newest of them', () => {
  const database = open();
  const records = new Records(database, (error) => { throw error; });
  const memory = memoryOf(database);
  for (const session of ['closed since', 'seen since']) {
    records.stageHit({ at: fromMs(T0), class: 'disconnect', pattern: 'page-closed', who: { session, by: 'named' }, cause: session, container: 'wppconnect-server', stream: 'stdout', evidence: 'Page Closed' });
  }
  memory.keep('closed since', { connectedAt: T0 - 60_000, quiets: [] });
  memory.keep('seen since', { connectedAt: T0 + 60_000, quiets: [] });
  const book = new StatusBook(() => ({ activity: {}, phase: null, phaseSince: null }));
  restoreStatus(book, records, memory, T0 + 120_000);
  expect([book.of('closed since').status, book.of('seen since').status]).toEqual(['disconnected', 'connected']);
});

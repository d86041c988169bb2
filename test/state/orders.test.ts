import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../sidecar/state/database.ts';
import { Orders, PAUSE_FILE, SCHEMA } from '../../sidecar/state/orders.ts';

const NOW = Date.parse('2026-02-09T10:00:00Z');
let dir: string;
let database: DatabaseSync;
const orders = () => new Orders(dir, database);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'auto-fix-orders-'));
  database = openDatabase(dir, [SCHEMA], 'NORMAL');
});
afterEach(() => {
  database.close();
  rmSync(dir, { recursive: true });
});

it('is not paused without the file', () => {
  expect(orders().pausedUntil(NOW)).toBeNull();
});

it('is paused by touching the file, until it is removed', () => {
  writeFileSync(join(dir, PAUSE_FILE), '');
  expect(orders().pausedUntil(NOW)).toBe(Number.POSITIVE_INFINITY);
  rmSync(join(dir, PAUSE_FILE));
  expect(orders().pausedUntil(NOW)).toBeNull();
});

it('keeps a pause over a restart and ends it at its time', () => {
  orders().pause(NOW + 7_200_000);
  expect(orders().pausedUntil(NOW)).toBe(NOW + 7_200_000);
  expect(orders().pausedUntil(NOW + 7_200_000)).toBeNull();
  expect(existsSync(join(dir, PAUSE_FILE))).toBe(false);
});

it('takes a file it cannot read for a pause', () => {
  mkdirSync(join(dir, PAUSE_FILE));
  expect(orders().pausedUntil(NOW)).toBe(Number.POSITIVE_INFINITY);
});

it('keeps mutes over a restart, and forgets those that are over', () => {
  orders().mute('ImobSites', NOW + 1000);
  orders().mute('pixel12digital', Number.POSITIVE_INFINITY);
  expect(orders().mutes(NOW)).toEqual(new Map([['ImobSites', NOW + 1000], ['pixel12digital', Number.POSITIVE_INFINITY]]));
  expect([...orders().mutes(NOW + 1000).keys()]).toEqual(['pixel12digital']);
});

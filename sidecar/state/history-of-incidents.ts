import type { DatabaseSync } from 'node:sqlite';
import type { Outcome } from '../words.ts';
import { inOneCommit } from './database.ts';
import type { Task } from './journal.ts';

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS incidents (
    id INTEGER PRIMARY KEY, session TEXT NOT NULL, class TEXT NOT NULL, reason TEXT NOT NULL,
    began_at INTEGER NOT NULL, detected_at INTEGER NOT NULL, ended_at INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS incidents_by_time ON incidents (detected_at);
  CREATE TABLE IF NOT EXISTS tallies (
    day TEXT NOT NULL, what TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, what)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS availability (
    day TEXT NOT NULL, session TEXT NOT NULL, up_ms INTEGER NOT NULL, down_ms INTEGER NOT NULL, PRIMARY KEY (day, session)
  ) STRICT;
`;

/** The longest time anybody may ask figures for. */
const KEEP_DAYS = 90;
export const DAY_MS = 24 * 3_600_000;

/** Figures are kept per day in UTC: days of one length, whatever the clock on the wall does. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The day behind the last one of a span that ends (exclusively) at `to`. */
const dayAfter = (to: number): string => dayOf(to - 1 + DAY_MS);

/** Clock ms, `to` excluded. Figures that are kept per day cover its whole days. */
export interface Span { from: number; to: number }

export interface IncidentRow {
  session: string;
  class: string;
  /** Clock ms: the first sign of the fault, the sixth hit or failed look, the end (null: still open). */
  beganAt: number;
  detectedAt: number;
  endedAt: number | null;
}

/** What is counted per day: looks at sessions, refusals by code, and that the day's summary was told. */
export type Tally = 'looks' | 'told' | `refused ${string}`;

/** Incidents, refusals, looks and availability of the last months. Short sums, so that years cost little. */
export class IncidentHistory {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Returns the row's id for `ended`. */
  opened({ session, class: cls, beganAt, detectedAt }: IncidentRow, reason: string): number {
    const { lastInsertRowid } = this.#db.prepare('INSERT INTO incidents (session, class, reason, began_at, detected_at) VALUES (?, ?, ?, ?, ?)').run(session, cls, reason, beganAt, detectedAt);
    return Number(lastInsertRowid);
  }

  ended(id: number, at: number): void {
    this.#db.prepare('UPDATE incidents SET ended_at = ? WHERE id = ? AND ended_at IS NULL').run(at, id);
  }

  /** Incidents that a cut left open: they are opened anew when their fault still stands. */
  endAll(at: number): void {
    this.#db.prepare('UPDATE incidents SET ended_at = ? WHERE ended_at IS NULL').run(at);
  }

  add(counts: ReadonlyMap<Tally, number>, at: number): void {
    const statement = this.#db.prepare('INSERT INTO tallies VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count');
    for (const [what, count] of counts) statement.run(dayOf(at), what, count);
  }

  /** `up` and `down` in ms; what nobody knows is neither. */
  addAvailability(spans: Iterable<[session: string, { up: number; down: number }]>, at: number): void {
    const statement = this.#db.prepare('INSERT INTO availability VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET up_ms = up_ms + excluded.up_ms, down_ms = down_ms + excluded.down_ms');
    for (const [session, { up, down }] of spans) statement.run(dayOf(at), session, Math.round(up), Math.round(down));
  }

  inOneCommit(work: () => void): void {
    inOneCommit(this.#db, work);
  }

  /** Those that were detected inside the span, oldest first. */
  incidents({ from, to }: Span): IncidentRow[] {
    return this.#db.prepare('SELECT session, class, began_at, detected_at, ended_at FROM incidents WHERE detected_at >= ? AND detected_at < ? ORDER BY detected_at').all(from, to).map((row) => ({
      session: String(row.session), class: String(row.class), beganAt: Number(row.began_at), detectedAt: Number(row.detected_at), endedAt: row.ended_at === null ? null : Number(row.ended_at),
    }));
  }

  /** Sums over the span's days. */
  tallies({ from, to }: Span): Map<string, number> {
    return new Map(this.#db.prepare('SELECT what, sum(count) AS count FROM tallies WHERE day >= ? AND day < ? GROUP BY what').all(dayOf(from), dayAfter(to)).map((row) => [String(row.what), Number(row.count)]));
  }

  /** Sums over the span's days, in ms. */
  availability({ from, to }: Span): Map<string, { up: number; down: number }> {
    return new Map(this.#db.prepare('SELECT session, sum(up_ms) AS up, sum(down_ms) AS down FROM availability WHERE day >= ? AND day < ? GROUP BY session ORDER BY session').all(dayOf(from), dayAfter(to))
      .map((row) => [String(row.session), { up: Number(row.up), down: Number(row.down) }]));
  }

  /** Repairs that were begun inside the span, by rung, and how they ended; those under way have no outcome. */
  repairs({ from, to }: Span): { session: string; task: Task; reason: string; outcome: Outcome | null }[] {
    return this.#db.prepare('SELECT session, rung, reason, outcome FROM repairs WHERE opened_at >= ? AND opened_at < ? ORDER BY opened_at').all(from, to).map((row) => ({
      session: String(row.session), task: row.rung as Task, reason: String(row.reason), outcome: row.outcome === null ? null : (JSON.parse(String(row.outcome)) as Outcome),
    }));
  }

  /** The newest day whose summary was told; null: none yet. */
  lastTold(): string | null {
    const row = this.#db.prepare("SELECT max(day) AS day FROM tallies WHERE what = 'told'").get();
    return row?.day == null ? null : String(row.day);
  }

  forgetOld(now: number): void {
    const day = dayOf(now - KEEP_DAYS * DAY_MS);
    this.#db.prepare('DELETE FROM tallies WHERE day < ?').run(day);
    this.#db.prepare('DELETE FROM availability WHERE day < ?').run(day);
    this.#db.prepare('DELETE FROM incidents WHERE detected_at < ?').run(now - KEEP_DAYS * DAY_MS);
  }
}

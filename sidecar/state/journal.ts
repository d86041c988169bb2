import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../clock.ts';
import type { FaultClass, Outcome, Rung, StepName } from '../words.ts';
import { inOneCommit } from './database.ts';

export const JOURNAL_SCHEMA = `
CREATE TABLE IF NOT EXISTS repairs (
  id TEXT PRIMARY KEY,
  session TEXT NOT NULL,
  rung TEXT NOT NULL,
  reason TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  closed_at INTEGER,
  outcome TEXT,
  owes_start INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS repair_classes (repair TEXT PRIMARY KEY, class TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS repairs_by_session ON repairs (session, opened_at);
CREATE INDEX IF NOT EXISTS repairs_open ON repairs (closed_at) WHERE closed_at IS NULL;
CREATE TABLE IF NOT EXISTS repair_marks (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  repair TEXT NOT NULL REFERENCES repairs (id),
  step TEXT NOT NULL,
  mark TEXT NOT NULL CHECK (mark IN ('intent', 'result', 'error')),
  at INTEGER NOT NULL,
  note TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS repair_marks_by_repair ON repair_marks (repair, seq);
CREATE TABLE IF NOT EXISTS repairs_untold (repair TEXT PRIMARY KEY REFERENCES repairs (id)) STRICT;`;
export { JOURNAL_SCHEMA as SCHEMA };

/** What is repaired: one of the ladder's rungs, or a backup put back at the operator's word. */
export type Task = Rung | 'restore';

export interface Mark {
  step: StepName;
  mark: 'intent' | 'result' | 'error';
  at: number;
  /** What the step is about to do, or did; data of the step's own. */
  note: Record<string, unknown>;
}

export interface RepairRecord {
  id: string;
  session: string;
  rung: Task;
  reason: string;
  /** The class of fault it is for; null where a human named the rung, and for a restore. */
  class: FaultClass | null;
  openedAt: number;
  outcome: Outcome | null;
  marks: Mark[];
}

/** The journal cannot be written: a sentence for the operator. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
}

/**
 * The story of every repair, written before and after each step. Give it a connection of its own: it sets that
 * connection to `synchronous=FULL`, so that a mark which was written survives a power cut.
 */
export class Journal {
  readonly #db: DatabaseSync;
  readonly #clock: Clock;

  constructor(db: DatabaseSync, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
    db.exec('PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;');
  }

  open(session: string, rung: Task, reason: string, cls: FaultClass | null = null): string {
    const id = randomBytes(6).toString('hex');
    this.#write(() => {
      if (cls !== null) this.#db.prepare('INSERT INTO repair_classes VALUES (?, ?)').run(id, cls);
      this.#db.prepare('INSERT INTO repairs (id, session, rung, reason, opened_at) VALUES (?, ?, ?, ?, ?)').run(id, session, rung, reason, this.#clock.now());
    });
    return id;
  }

  /** Throws a JournalError when it cannot be written. */
  mark(repair: string, step: StepName, mark: Mark['mark'], note: Record<string, unknown> = {}): void {
    this.#write(() => this.#db.prepare('INSERT INTO repair_marks (repair, step, mark, at, note) VALUES (?, ?, ?, ?, ?)').run(repair, step, mark, this.#clock.now(), JSON.stringify(note)));
  }

  /** The one outcome, which nobody has been told yet. A second one is an error of ours, and loud. */
  close(repair: string, outcome: Outcome, owesStart = false): void {
    this.#write(() => inOneCommit(this.#db, () => {
      const changed = this.#db.prepare('UPDATE repairs SET closed_at = ?, outcome = ?, owes_start = ? WHERE id = ? AND closed_at IS NULL')
        .run(this.#clock.now(), JSON.stringify(outcome), owesStart ? 1 : 0, repair).changes;
      if (Number(changed) !== 1) throw new Error(`repair ${repair} has an outcome already; the journal keeps the first one`);
      this.#db.prepare('INSERT INTO repairs_untold (repair) VALUES (?)').run(repair);
    }));
  }

  /** The operator has been told its outcome: nobody needs to tell it again. */
  told(repair: string): void {
    this.#write(() => this.#db.prepare('DELETE FROM repairs_untold WHERE repair = ?').run(repair));
  }

  /** Outcomes that were written down and perhaps not told: a cut came in between. Oldest first. */
  untold(): Outcome[] {
    return this.#records('WHERE closed_at IS NOT NULL AND id IN (SELECT repairs_untold.repair FROM repairs_untold) ORDER BY closed_at, repairs.rowid').flatMap(({ outcome }) => outcome ?? []);
  }

  /** Repairs without an outcome: running ones, and those a cut left behind. Oldest first. */
  unfinished(): RepairRecord[] {
    return this.#records('WHERE closed_at IS NULL ORDER BY opened_at, repairs.rowid');
  }

  /** Closed repairs whose session we closed and could not start again. */
  owingStart(): RepairRecord[] {
    return this.#records('WHERE owes_start = 1 ORDER BY opened_at, repairs.rowid');
  }

  startPaid(repair: string): void {
    this.#db.prepare('UPDATE repairs SET owes_start = 0 WHERE id = ?').run(repair);
  }

  record(repair: string): RepairRecord | null {
    return this.#records('WHERE id = ?', repair)[0] ?? null;
  }

  /** The newest repairs of a session, or of all, newest first. */
  history(session: string | null, limit = 50): RepairRecord[] {
    return session === null
      ? this.#records('ORDER BY opened_at DESC, repairs.rowid DESC LIMIT ?', limit)
      : this.#records('WHERE session = ? ORDER BY opened_at DESC, repairs.rowid DESC LIMIT ?', session, limit);
  }

  #write(write: () => unknown): void {
    try {
      write();
    } catch (cause) {
      throw new JournalError(`the repair journal cannot be written (${(cause as Error).message}); check the volume of AUTO_FIX_STATE_DIR`, { cause });
    }
  }

  #records(where: string, ...values: (string | number)[]): RepairRecord[] {
    const rows = this.#db.prepare(`SELECT id, session, rung, reason, class, opened_at, outcome FROM repairs LEFT JOIN repair_classes ON repair = id ${where}`).all(...values) as
      { id: string; session: string; rung: Task; reason: string; class: FaultClass | null; opened_at: number; outcome: string | null }[];
    return rows.map((row) => ({
      id: row.id, session: row.session, rung: row.rung, reason: row.reason, class: row.class, openedAt: row.opened_at,
      outcome: row.outcome === null ? null : (JSON.parse(row.outcome) as Outcome), marks: this.#marks(row.id),
    }));
  }

  #marks(repair: string): Mark[] {
    const rows = this.#db.prepare('SELECT step, mark, at, note FROM repair_marks WHERE repair = ? ORDER BY seq').all(repair) as
      { step: StepName; mark: Mark['mark']; at: number; note: string }[];
    return rows.map((row) => ({ ...row, note: JSON.parse(row.note) as Record<string, unknown> }));
  }
}

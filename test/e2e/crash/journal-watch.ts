import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { realClock } from '../../../sidecar/clock.ts';
import type { Mark, Task } from '../../../sidecar/state/journal.ts';
import { DATABASE_FILE } from '../../../sidecar/state/database.ts';
import { Locks, type Holder } from '../../../sidecar/state/lock.ts';
import type { Outcome } from '../../../sidecar/words.ts';
import { waitFor } from '../../lab/engine.ts';
import type { Point, Written } from './points.ts';

/** Rows counted inside a held write: more than a test waits for, or about half a second of it. */
const FOR_EVER = 1e12;
const A_MOMENT = 2_500_000;
/** So many looks in a row find the database being written: a commit of the sidecar's own holds it for one of them. */
const LOOKS = 4;
const LOOK_EVERY_MS = 15;

export interface SeenRepair {
  id: string;
  rung: Task;
  outcome: Outcome | null;
  marks: Written[];
}

/**
 * The sidecar's journal from outside. A trigger that the test puts into the database makes one write take for ever, so
 * that the sidecar stands still there and nowhere else; the sidecar itself knows nothing of it.
 */
export class JournalWatch {
  readonly #db: DatabaseSync;

  constructor(stateDir: string) {
    this.#db = new DatabaseSync(join(stateDir, DATABASE_FILE), { timeout: 0 });
  }

  /** The next such write stands still: until the process is killed, or `briefly`. */
  hold(of: Written, how: 'for ever' | 'briefly' = 'for ever'): void {
    const [mark, step] = of.split(' ');
    if (of === 'opening') this.#trigger('INSERT ON repairs', 'true', how);
    else if (of === 'outcome') this.#trigger('UPDATE OF outcome ON repairs', 'NEW.outcome IS NOT NULL', how);
    else this.#trigger('INSERT ON repair_marks', `NEW.step = '${step}' AND NEW.mark = '${mark}'`, how);
  }

  /** The n-th mark from now on stands still, whatever it is. */
  holdNth(n: number): void {
    const already = this.#db.prepare('SELECT count(*) AS n FROM repair_marks').get()!.n as number;
    this.#trigger('INSERT ON repair_marks', `(SELECT count(*) FROM repair_marks) = ${already + n - 1}`, 'for ever');
  }

  /** Takes the hold away; the process that stood there must be gone. */
  release(): void {
    this.#write('DROP TRIGGER IF EXISTS held');
  }

  /** Resolves when the sidecar stands still in its held write. */
  async untilHeld(): Promise<void> {
    let busy = 0;
    await waitFor(() => (busy = this.#isBeingWritten() ? busy + 1 : 0) >= LOOKS, 'the sidecar to stand still at its mark', { everyMs: LOOK_EVERY_MS });
  }

  /** Calls `then` in the very turn in which that write of the newest repair of a session is seen. */
  async onceWritten(of: Written, session: string, since: number, then: () => Promise<unknown>): Promise<void> {
    for (const until = Date.now() + 60_000; !this.#isWritten(of, session, since); await nextTurn()) {
      if (Date.now() > until) throw new Error(`waited 60 s for ${of} of ${session} to be written; there is ${JSON.stringify(this.repairs(session).slice(since))}`);
    }
    await then();
  }

  /** All repairs of that session, oldest first. */
  repairs(session: string): SeenRepair[] {
    const rows = this.#db.prepare('SELECT id, rung, outcome FROM repairs WHERE session = ? ORDER BY rowid').all(session) as { id: string; rung: Task; outcome: string | null }[];
    return rows.map(({ id, rung, outcome }) => ({ id, rung, outcome: outcome === null ? null : (JSON.parse(outcome) as Outcome), marks: this.#marks(id) }));
  }

  /** Who holds that session's lock; null: nobody who lives. */
  holder(session: string): Holder | null {
    return new Locks(this.#db, realClock).holder(session);
  }

  owesAStart(): boolean {
    return this.#db.prepare('SELECT 1 FROM repairs WHERE owes_start = 1').get() !== undefined;
  }

  close(): void {
    this.#db.close();
  }

  #marks(id: string): Written[] {
    const rows = this.#db.prepare('SELECT mark, step FROM repair_marks WHERE repair = ? ORDER BY seq').all(id) as { mark: Mark['mark']; step: string }[];
    return rows.map(({ mark, step }) => `${mark} ${step}` as Written);
  }

  #isWritten(of: Written, session: string, since: number): boolean {
    const [newest] = this.repairs(session).slice(since);
    return newest !== undefined && (of === 'opening' || (of === 'outcome' ? newest.outcome !== null : newest.marks.includes(of)));
  }

  #trigger(on: string, when: string, how: 'for ever' | 'briefly'): void {
    const rows = how === 'briefly' ? A_MOMENT : FOR_EVER;
    this.#write(`CREATE TRIGGER held BEFORE ${on} WHEN ${when} BEGIN SELECT (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT ${rows}) SELECT count(*) FROM c); END`);
  }

  #write(sql: string): void {
    this.#db.exec('PRAGMA busy_timeout = 10000');
    this.#db.exec(sql);
    this.#db.exec('PRAGMA busy_timeout = 0');
  }

  #isBeingWritten(): boolean {
    try {
      this.#db.exec('BEGIN IMMEDIATE; ROLLBACK');
      return false;
    } catch (error) {
      if (/locked|busy/.test((error as Error).message)) return true;
      throw error;
    }
  }
}

/** How a point is reached: what to do before the repair is asked for, and what to wait for with the kill. */
export function reach(watch: JournalWatch, point: Point, session: string): { arm(): void; strike(kill: () => Promise<unknown>): Promise<void> } {
  const since = watch.repairs(session).length;
  return point.side === 'before'
    ? { arm: () => watch.hold(point.of), strike: async (kill) => watch.untilHeld().then(kill).then(() => watch.release()) }
    : { arm: () => undefined, strike: (kill) => watch.onceWritten(point.of, session, since, kill) };
}

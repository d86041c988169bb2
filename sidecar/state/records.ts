import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AttributionRule, Hit, HitClass, Nanos } from '../words.ts';
import { fromMs } from '../event-time.ts';
import { inOneCommit } from './database.ts';

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS cursors (container_id TEXT PRIMARY KEY, container TEXT NOT NULL, cursor TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS hits (
    session TEXT NOT NULL, class TEXT NOT NULL, cause TEXT NOT NULL,
    at INTEGER NOT NULL, pattern TEXT NOT NULL, rule TEXT NOT NULL,
    container TEXT NOT NULL, stream TEXT NOT NULL, evidence TEXT NOT NULL,
    PRIMARY KEY (session, class, cause)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS hits_by_time ON hits (at);
  CREATE TABLE IF NOT EXISTS activity (
    session TEXT NOT NULL, event TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (session, event)
  ) STRICT;
`;

/** How long to collect before a commit: at most that much is read again after a crash. */
const GROUP_MS = 100;
/** Stored hits older than this serve no window and no timeline. */
const KEEP_HITS_MS = 7 * 24 * 3_600_000;

/**
 * Cursors, hits and last activity. What belongs together is staged in one tick and committed together, so that
 * after any cut the stream resumes at a cursor whose hits are all stored, and none twice.
 */
export class Records {
  readonly #database: DatabaseSync;
  readonly #statements: Record<'cursor' | 'hit' | 'activity' | 'newest', StatementSync>;
  readonly #staged: { cursors: Map<string, [string, string]>; hits: Hit[]; activity: Map<string, Nanos> } = {
    cursors: new Map(), hits: [], activity: new Map(),
  };
  /** The newest sign of life per session and event, as read once and staged since: each look asks for it. */
  readonly #activity = new Map<string, Map<string, Nanos>>();
  readonly #written: (error: Error | null) => void;
  #failing = false;
  #timer: NodeJS.Timeout | null = null;

  /**
   * `written` hears of a commit that could not be written, and with null of the first one that could again. What was
   * staged is kept meanwhile.
   */
  constructor(database: DatabaseSync, written: (error: Error | null) => void) {
    this.#database = database;
    this.#written = written;
    this.#statements = {
      cursor: database.prepare('INSERT INTO cursors VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET container = excluded.container, cursor = excluded.cursor'),
      hit: database.prepare('INSERT OR IGNORE INTO hits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
      activity: database.prepare('INSERT INTO activity VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = max(at, excluded.at)'),
      newest: database.prepare('SELECT event, at FROM activity WHERE session = ?'),
    };
    this.#statements.newest.setReadBigInts(true);
  }

  cursor(containerId: string): string | null {
    const row = this.#database.prepare('SELECT cursor FROM cursors WHERE container_id = ?').get(containerId);
    return row ? String(row.cursor) : null;
  }

  stageCursor(containerId: string, container: string, cursor: string): void {
    this.#staged.cursors.set(containerId, [container, cursor]);
    this.#soon();
  }

  dropCursor(containerId: string): void {
    this.#staged.cursors.delete(containerId);
    this.#database.prepare('DELETE FROM cursors WHERE container_id = ?').run(containerId);
  }

  /** A hit of a known session; what nobody owns is not stored. */
  stageHit(hit: Hit): void {
    if (!('session' in hit.who)) return;
    this.#staged.hits.push(hit);
    this.#soon();
  }

  /** The newest sign of life of that kind; an older one changes nothing. */
  stageActivity(session: string, event: string, at: Nanos): void {
    const known = this.#activityOf(session);
    if ((known.get(event) ?? -1n) >= at) return;
    known.set(event, at);
    this.#staged.activity.set(`${session}\n${event}`, at);
    this.#soon();
  }

  /** Commits what is staged, in one transaction. On an error everything stays staged and `failed` is told. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const { cursors, hits, activity } = this.#staged;
    if (cursors.size + hits.length + activity.size === 0) return;
    try {
      inOneCommit(this.#database, () => {
        for (const hit of hits) {
          const { session, by } = hit.who as { session: string; by: AttributionRule };
          this.#statements.hit.run(session, hit.class, hit.cause, hit.at, hit.pattern, by, hit.container, hit.stream, hit.evidence);
        }
        for (const [key, at] of activity) {
          const [session, event] = key.split('\n') as [string, string];
          this.#statements.activity.run(session, event, at);
        }
        for (const [id, [container, cursor]] of cursors) this.#statements.cursor.run(id, container, cursor);
      });
    } catch (error) {
      this.#failing = true;
      this.#written(error as Error);
      this.#soon();
      return;
    }
    if (this.#failing) this.#written(null);
    this.#failing = false;
    cursors.clear();
    hits.length = 0;
    activity.clear();
  }

  /** Hits of known sessions with `at > since`, oldest first, as they were staged. */
  hitsSince(since: Nanos, session?: string): Hit[] {
    this.flush();
    const rows = this.#database.prepare('SELECT * FROM hits WHERE at > ? AND (?2 IS NULL OR session = ?2) ORDER BY at');
    rows.setReadBigInts(true);
    return rows.all(since, session ?? null).map(hitOf);
  }

  /** The newest log-out and the newest recovery of each session, oldest first. */
  lastSignals(): Hit[] {
    this.flush();
    // SQLite takes the other columns from the row that holds the maximum.
    const rows = this.#database.prepare("SELECT *, max(at) AS at FROM hits WHERE class IN ('logout', 'recovery') GROUP BY session, class ORDER BY at");
    rows.setReadBigInts(true);
    return rows.all().map(hitOf);
  }

  /** The newest sign of life of each kind of event, newest first. */
  lastActivity(session: string): { event: string; at: Nanos }[] {
    return [...this.#activityOf(session)].map(([event, at]) => ({ event, at })).sort((a, b) => (a.at > b.at ? -1 : 1));
  }

  forgetOldHits(nowMs: number): void {
    this.#database.prepare('DELETE FROM hits WHERE at < ?').run(fromMs(nowMs - KEEP_HITS_MS));
  }

  close(): void {
    this.flush();
    if (this.#timer) clearTimeout(this.#timer);
  }

  #activityOf(session: string): Map<string, Nanos> {
    const known = this.#activity.get(session);
    if (known) return known;
    const read = new Map(this.#statements.newest.all(session).map((row) => [String(row.event), row.at as bigint]));
    this.#activity.set(session, read);
    return read;
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => this.flush(), GROUP_MS);
  }
}

const hitOf = (row: Record<string, unknown>): Hit => ({
  at: row.at as bigint,
  class: row.class as HitClass,
  pattern: String(row.pattern),
  who: { session: String(row.session), by: row.rule as AttributionRule },
  cause: String(row.cause),
  container: String(row.container),
  stream: row.stream as 'stdout' | 'stderr',
  evidence: String(row.evidence),
});

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { inOneCommit } from '../state/database.ts';
import type { Quiet } from './quiet.ts';

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS health (session TEXT PRIMARY KEY, connected_at INTEGER, quiets TEXT NOT NULL DEFAULT '[]') STRICT;
`;

/** What the health rounds remember of a session over a restart. */
export interface Remembered {
  /** Clock ms at which it was last seen to be connected; null: never. */
  connectedAt: number | null;
  quiets: readonly Quiet[];
}

export interface HealthMemory {
  of(session: string): Remembered;
  keep(session: string, remembered: Remembered): void;
}

/** What so long a time of looks told is one commit. A crash forgets that much of it: a session was then last connected a round earlier. */
const GROUP_MS = 5_000;

/** In the state database. `failed` hears of a write that did not work; the sidecar's own copy goes on, and is written with the next. */
export class StoredMemory implements HealthMemory {
  readonly #database: DatabaseSync;
  readonly #row: StatementSync;
  readonly #failed: (error: Error) => void;
  readonly #known = new Map<string, Remembered>();
  readonly #unwritten = new Set<string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(database: DatabaseSync, failed: (error: Error) => void) {
    this.#database = database;
    this.#row = database.prepare('INSERT INTO health VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET connected_at = excluded.connected_at, quiets = excluded.quiets');
    this.#failed = failed;
    for (const row of database.prepare('SELECT session, connected_at, quiets FROM health').all()) {
      this.#known.set(String(row.session), { connectedAt: row.connected_at === null ? null : Number(row.connected_at), quiets: quietsIn(String(row.quiets)) });
    }
  }

  of(session: string): Remembered {
    return this.#known.get(session) ?? { connectedAt: null, quiets: [] };
  }

  /** Sessions with the clock ms at which they were last seen to be connected. */
  *lastConnected(): Generator<[string, number]> {
    for (const [session, { connectedAt }] of this.#known) if (connectedAt !== null) yield [session, connectedAt];
  }

  keep(session: string, remembered: Remembered): void {
    this.#known.set(session, remembered);
    this.#unwritten.add(session);
    this.#timer ??= setTimeout(() => this.write(), GROUP_MS);
  }

  /** Writes what is not written yet. The last words before the database is closed. */
  write(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#unwritten.size === 0) return;
    try {
      inOneCommit(this.#database, () => {
        for (const session of this.#unwritten) {
          const { connectedAt, quiets } = this.of(session);
          this.#row.run(session, connectedAt, JSON.stringify(quiets));
        }
      });
      this.#unwritten.clear();
    } catch (error) {
      this.#failed(error as Error);
    }
  }
}

/** What another version wrote counts as nothing learnt. */
function quietsIn(text: string): Quiet[] {
  const parsed: unknown = JSON.parse(text);
  if (!Array.isArray(parsed)) return [];
  return parsed.filter((one: Partial<Quiet> | null): one is Quiet => typeof one?.endedAt === 'number' && typeof one.ms === 'number');
}

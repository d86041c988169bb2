import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

export const SCHEMA = 'CREATE TABLE IF NOT EXISTS mutes (session TEXT PRIMARY KEY, until INTEGER) STRICT;';

/** While this file is in the state folder no repair starts: `touch` makes a pause, `rm` ends it. */
export const PAUSE_FILE = 'paused';

/** What the operator ordered, kept over restarts. Times are clock milliseconds; Infinity: until taken back. */
export class Orders {
  readonly #file: string;
  readonly #database: DatabaseSync;

  constructor(stateDir: string, database: DatabaseSync) {
    this.#file = join(stateDir, PAUSE_FILE);
    this.#database = database;
  }

  /**
   * Until when repairs are paused, or null. The file holds an ISO time; an empty one, or one with anything else in
   * it, pauses until it is removed: whoever made it wanted quiet.
   */
  pausedUntil(now: number): number | null {
    const text = this.#read();
    if (text === null) return null;
    const until = Date.parse(text.trim());
    if (Number.isNaN(until)) return Number.POSITIVE_INFINITY;
    if (until > now) return until;
    rmSync(this.#file, { force: true });
    return null;
  }

  pause(until: number): void {
    writeFileSync(this.#file, Number.isFinite(until) ? `${new Date(until).toISOString()}\n` : '');
  }

  resume(): void {
    rmSync(this.#file, { force: true });
  }

  mutes(now: number): Map<string, number> {
    const rows = this.#database.prepare('SELECT session, until FROM mutes WHERE until IS NULL OR until > ?').all(now);
    return new Map(rows.map(({ session, until }) => [String(session), until === null ? Number.POSITIVE_INFINITY : Number(until)]));
  }

  mute(session: string, until: number): void {
    this.#database.prepare('INSERT OR REPLACE INTO mutes VALUES (?, ?)').run(session, Number.isFinite(until) ? until : null);
  }

  #read(): string | null {
    try {
      // Asked every second: an error made and caught for a file that is not there was a fortieth of a sidecar at rest.
      return statSync(this.#file, { throwIfNoEntry: false }) === undefined ? null : readFileSync(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      return ''; // there, but unreadable: a pause all the same
    }
  }
}

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export const DATABASE_FILE = 'auto-fix.sqlite';

/** The state cannot be used: a sentence for the operator. */
export class StateError extends Error {
  override readonly name = 'StateError';
}

/** How long a writer waits for another connection's transaction; a grouped commit holds the file for milliseconds. */
const BUSY_MS = 5000;

/**
 * Opens `<state>/auto-fix.sqlite` and makes what is missing in it. `synchronous` FULL survives a power cut after
 * every commit (the journal of repairs); NORMAL may lose the last group of hits, which the stream gives again.
 * Throws a sentence for the operator when the folder cannot be written or the file is no database.
 */
export function openDatabase(stateDir: string, schemas: readonly string[], synchronous: 'FULL' | 'NORMAL'): DatabaseSync {
  const file = join(stateDir, DATABASE_FILE);
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const database = new DatabaseSync(file, { timeout: BUSY_MS });
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous};`);
    for (const schema of schemas) database.exec(schema);
    return database;
  } catch (error) {
    throw new StateError(
      `the state database ${file} cannot be used (${(error as Error).message}): nothing would be remembered over a restart, so nothing is started; `
      + 'make AUTO_FIX_STATE_DIR a folder this user can write, or move a damaged file away', { cause: error });
  }
}

/** All that `work` writes in one commit, or nothing of it. Throws what `work`, or the database, threw. */
export function inOneCommit(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

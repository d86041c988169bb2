import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { DATABASE_FILE, StateError } from './database.ts';

/** Beside the backups: the way from here to the state folder of whoever writes them. Their lock is in there. */
const POINTER = '.state-folder';

/** Tells commands that run elsewhere which lock to take. Throws what the file system says. */
export function pointToState(backupDir: string, stateDir: string): void {
  mkdirSync(backupDir, { recursive: true, mode: 0o700 });
  const way = `${relative(real(backupDir), real(stateDir)) || '.'}\n`;
  if (readPointer(backupDir) !== way) writeFileSync(join(backupDir, POINTER), way, { mode: 0o600 });
}

/**
 * The state folder that holds the lock for these backups: the one they point to, else the caller's own. Throws a
 * StateError when it cannot be reached from here: without it two could work on one session.
 */
export function sharedStateDir(backupDir: string, ownStateDir: string): string {
  const way = readPointer(backupDir);
  if (way === null) return ownStateDir;
  const theirs = resolve(real(backupDir), way.trim());
  if (theirs === real(ownStateDir)) return ownStateDir;
  if (existsSync(join(theirs, DATABASE_FILE))) return theirs;
  throw new StateError(
    `the backups in ${backupDir} belong to a sidecar whose state folder (${way.trim().slice(0, 200)} from there) is not in reach here, so its lock cannot be taken and two could work on one session; nothing was touched. `
    + `Run the command beside it (docker compose exec auto-fix-sessions auto-fix ...), or remove ${join(backupDir, POINTER)} if that sidecar is gone for good`);
}

function readPointer(backupDir: string): string | null {
  try {
    return readFileSync(join(backupDir, POINTER), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** As it is called without links; a folder that is not there yet as it is spelled. */
function real(path: string): string {
  return existsSync(path) ? realpathSync(path) : resolve(path);
}

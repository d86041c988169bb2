import { constants, statSync } from 'node:fs';
import { access, mkdtemp, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const { R_OK, W_OK, X_OK } = constants;

const code = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/** Why this user cannot read and write a folder, with what to do; null when it can. Looks only: `access(2)`, no file is made. */
export async function whyNotUsable(folder: string, setting: string): Promise<string | null> {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (!stats) return `${folder} is not there: mount the gateway's own folder into this container (volumes_from, or the same volume) or correct ${setting}`;
  if (!stats.isDirectory()) return `${folder} is no folder: correct ${setting}`;
  try {
    await access(folder, R_OK | W_OK | X_OK);
    return null;
  } catch (error) {
    return mend(folder, code(error), stats);
  }
}

/**
 * Why nothing can be written to one of our own folders; null when it can: a temporary folder is made in it and removed. One that
 * is not there yet is made by the sidecar at its start, so the nearest folder above must take it.
 */
export async function whyNotWritable(folder: string, setting: string): Promise<string | null> {
  const place = nearestFolder(folder);
  try {
    if (place === folder) await rmdir(await mkdtemp(join(folder, '.auto-fix-doctor-')));
    else await access(place, W_OK | X_OK);
    return null;
  } catch (error) {
    const stats = statSync(place);
    if (!stats.isDirectory()) return `${place} is no folder: set ${setting} to another path`;
    if (code(error) === 'ENOSPC') return `the disk of ${place} is full: free some space, or set ${setting} to a folder on another disk`;
    return `${mend(place, code(error), stats)}, or set ${setting} to a folder this user can write`;
  }
}

/** The folder itself, or the nearest above it that is there. */
export function nearestFolder(path: string): string {
  for (let place = path; ; place = dirname(place)) if (statSync(place, { throwIfNoEntry: false })) return place;
}

function mend(folder: string, why: string, { uid, gid }: { uid: number; gid: number }): string {
  if (why === 'EROFS') return `${folder} is mounted read-only: take ":ro" from its mount`;
  const me = process.getuid!();
  const what = `this user (uid ${me}) may not read and write ${folder} (it belongs to ${uid}:${gid}; ${why})`;
  return me === 0 ? `${what}: add cap_add: [DAC_OVERRIDE] to the service auto-fix-sessions` : `${what}: run auto-fix-sessions as its owner (user: "${uid}:${gid}") or as root (no "user:" at all)`;
}

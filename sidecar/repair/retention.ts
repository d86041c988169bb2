import type { BackupFolder, BackupStub } from './backup-folder.ts';

export interface Retention {
  /** Newest backups kept per session. */
  keep: number;
  /** Older ones go too, ms; null: no age limit. */
  maxAgeMs: number | null;
}

/**
 * The backups of one session that may go. Copies of the state before a restore go first: they are for undoing that
 * restore. Never the newest real backup, never the only one, never one that an open repair needs.
 */
export function expendable(backups: readonly BackupStub[], retention: Retention, nowMs: number, needed: ReadonlySet<string>): BackupStub[] {
  const newestFirst = [...backups].sort((a, b) => b.at - a.at);
  const guarded = (newestFirst.find(({ rung }) => rung !== 'before-restore') ?? newestFirst[0])?.id;
  const isFree = ({ id }: BackupStub) => id !== guarded && !needed.has(id);
  const tooOld = newestFirst.filter((backup) => isFree(backup) && retention.maxAgeMs !== null && nowMs - backup.at > retention.maxAgeMs);
  const rest = newestFirst.filter((backup) => !tooOld.includes(backup));
  const byWorth = [...rest].sort((a, b) => Number(a.rung === 'before-restore') - Number(b.rung === 'before-restore') || b.at - a.at);
  return [...tooOld, ...byWorth.slice(Math.max(retention.keep, 1)).filter(isFree)];
}

/** Removes what `expendable` names; returns the ids. */
export async function prune(folder: BackupFolder, session: string, retention: Retention, nowMs: number, needed: ReadonlySet<string>): Promise<string[]> {
  const gone = expendable(await folder.stubs(session), retention, nowMs, needed);
  for (const { id } of gone) await folder.remove(id);
  return gone.map(({ id }) => id);
}

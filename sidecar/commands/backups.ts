import { EXIT, flag, JSON_OPTION, type Command, type Io } from './command.ts';
import type { BackupInfo } from '../repair/backup-folder.ts';
import { StoreError } from '../stores/store.ts';
import { meetingKey } from '../fleet/roster.ts';
import { table } from '../report/table.ts';
import { ago, sizeInWords } from '../report/units.ts';

export const backups: Command = {
  usage: 'backups [SESSION]',
  summary: 'the backups there are, newest first',
  help: 'BACKUP in the first column is what `auto-fix restore` takes; put it in quotes where it holds spaces. Needs no running sidecar.',
  options: JSON_OPTION,
  async run(words, io) {
    const found = await listBackups(io, words.args[0] ?? null);
    if (flag(words, 'json')) {
      io.out(JSON.stringify(found.map((one) => ({ ...one, at: new Date(one.at).toISOString() }))));
      return EXIT.well;
    }
    if (found.length === 0) io.out(`no backups${words.args[0] ? ` of ${words.args[0]}` : ''} in ${io.config().repair.backupDir}`);
    else io.out(table(['BACKUP', 'AGE', 'SIZE', 'FILES', 'KEYS', 'WHY'], found.map((one) =>
      [one.id, ago(one.at, Date.now()), sizeInWords(one.archiveBytes), String(one.files), String(one.keys), one.reason])));
    return EXIT.well;
  },
};

/** Of that session, in any of its spellings; of all with null. */
export async function listBackups(io: Io, session: string | null): Promise<BackupInfo[]> {
  const { BackupFolder } = await import('../repair/backup-folder.ts');
  const found = await new BackupFolder(io.config().repair.backupDir).list(null, (error) => io.err(`warning: ${error.message}`));
  return session === null ? found : found.filter((one) => meetingKey(one.session) === meetingKey(session));
}

/** Of a backup that is there; null for any other text. */
export async function idOfBackup(spelled: string, io: Io): Promise<string | null> {
  const { BackupFolder } = await import('../repair/backup-folder.ts');
  const folder = new BackupFolder(io.config().repair.backupDir);
  try {
    const id = folder.idOf(spelled);
    return (await folder.exists(id)) ? id : null;
  } catch (error) {
    if (error instanceof StoreError) return null;
    throw error;
  }
}

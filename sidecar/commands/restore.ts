import { createInterface } from 'node:readline/promises';
import { CannotDo, EXIT, flag, JSON_OPTION, onlyArg, type Command, type Io } from './command.ts';
import { idOfBackup } from './backups.ts';
import { outcomeInWords, refused } from './fix.ts';
import { sidecarBeside } from './sidecar-beside.ts';
import type { RestorePreview } from '../repair/backups.ts';
import { inWords, sizeInWords } from '../report/units.ts';

export const restore: Command = {
  usage: 'restore BACKUP [--yes]',
  summary: 'put a backup back; the present state is backed up first',
  help: `
BACKUP is an id as \`auto-fix backups\` lists it, or the name of its file as the log has it. Says what it will do and asks, unless --yes. Closes the session, backs
its present state up, puts files (modes, owners, times) and Redis keys back, starts it and verifies.

Exit codes: 0 restored and working, 1 restored but a QR scan is due or it does not work, 2 it could not be tried.`,
  options: { ...JSON_OPTION, yes: { type: 'boolean', short: 'y' } },
  async run(words, io) {
    const spelled = onlyArg(words, 'BACKUP');
    const id = await idOfBackup(spelled, io);
    if (id === null) throw new CannotDo(`there is no backup "${spelled.slice(0, 100)}" in ${io.config().repair.backupDir}; auto-fix backups lists them`);
    const { previewRestore, restoreAlone } = await import('./alone.ts');
    say(await previewRestore(id, io), io);
    if (!flag(words, 'yes') && !(await agreed(io))) throw new CannotDo('nothing was done', EXIT.wrong);
    const sidecar = await sidecarBeside(io);
    const outcome = sidecar ? await sidecar.restore(id).catch(refused) : await restoreAlone(id, io);
    io.out(flag(words, 'json') ? JSON.stringify(outcome) : outcomeInWords(outcome));
    return outcome.result === 'fixed' ? EXIT.well : EXIT.wrong;
  },
};

function say({ backup, ageMs, write, remove, keys, warnings }: RestorePreview, io: Io): void {
  io.err(`${backup.session}: the backup is whole (${backup.files} files, ${keys} Redis keys, ${sizeInWords(backup.archiveBytes)} packed) and ${inWords(ageMs)} old.`);
  io.err(`It was made at ${new Date(backup.at).toISOString()} ${backup.rung === 'before-restore' ? 'before another state was put in its place' : `before a ${backup.rung}`}: ${backup.reason}.`);
  io.err(`The session will be closed and its present state backed up; then ${write} files are written, ${keys} keys put back, ${remove} newer files and keys removed, and it is started and checked.`);
  for (const warning of warnings) io.err(`warning: ${warning}`);
}

async function agreed(io: Io): Promise<boolean> {
  if (!process.stdin.isTTY) throw new CannotDo('nobody can be asked here; say --yes to restore without a question');
  const lines = createInterface({ input: io.stdin, output: process.stderr });
  const answer = await lines.question('Go on? [y/N] ').finally(() => lines.close());
  return /^y(es)?$/i.test(answer.trim());
}

import { RUNGS, type Outcome, type Rung } from '../words.ts';
import { CannotDo, EXIT, flag, JSON_OPTION, onlyArg, text, UsageError, type Command } from './command.ts';
import { sidecarBeside } from './sidecar-beside.ts';

export const fix: Command = {
  usage: 'fix SESSION [--rung R] [--dry-run]',
  summary: 'repair one session now, on your word',
  help: `
Goes through the running sidecar, or takes the same lock without one, so that two never work on one session.
Without --rung the ladder chooses by what a look at the session shows. Your word stands above cooldown, budgets and
mute; it is refused for an unknown session, one under repair, a pause, a gateway that does not answer, or a session
that needs a QR scan.

  --rung R    reconnect, restart, repair (login kept) or reset (a QR scan is needed after it)
  --dry-run   say what would be done

Exit codes: 0 fixed, 1 not fixed or a QR scan is due, 2 it could not be tried.`,
  options: { ...JSON_OPTION, rung: { type: 'string' }, 'dry-run': { type: 'boolean' } },
  async run(words, io) {
    const session = onlyArg(words, 'SESSION');
    const rung = rungOf(text(words, 'rung'));
    const sidecar = await sidecarBeside(io);
    const answer = sidecar
      ? await sidecar.fix(session, { rung, dryRun: flag(words, 'dry-run') }).catch(refused)
      : await (await import('./alone.ts')).fixAlone(session, rung, flag(words, 'dry-run'), io);
    if (flag(words, 'json')) io.out(JSON.stringify(answer));
    else io.out(answer.outcome ? outcomeInWords(answer.outcome) : `${answer.plan.session}: would run ${answer.plan.rung} (${answer.plan.steps.join(', ')})`);
    return answer.outcome === null || answer.outcome.result === 'fixed' ? EXIT.well : EXIT.wrong;
  },
};

export function outcomeInWords({ session, rung, restored, result, code, detail, startedAt, endedAt, backup }: Outcome): string {
  const how = result === 'refused' ? `not repaired: ${code}` : `${result} by ${restored === undefined ? rung : 'restore'} in ${((endedAt - startedAt) / 1000).toFixed(1)} s`;
  return `${session}: ${how}: ${detail}${backup ? `\nbackup: ${backup}` : ''}`;
}

function rungOf(given: string | undefined): Rung | null {
  if (given === undefined) return null;
  if ((RUNGS as readonly string[]).includes(given)) return given as Rung;
  throw new UsageError(`--rung ${given.slice(0, 40)}: expected one of ${RUNGS.join(', ')}`);
}

/** A refusal of the sidecar, as the sentence it is. */
export function refused(error: Error): never {
  if (error.name === 'SidecarError') throw new CannotDo(error.message);
  throw error;
}

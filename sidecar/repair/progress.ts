import type { Journal, Mark } from '../state/journal.ts';
import { shellWord } from '../report/shell-word.ts';
import { StoreError } from '../stores/store.ts';
import type { Outcome, OutcomeResult, RefusalCode, StepName } from '../words.ts';
import { ACTIONS } from './actions.ts';
import { closeAndWatch, isGone, makeSureGone, tracesOf } from './closing.ts';
import { Halt, Interrupted, KeysNotBack, LockLost, Owed, sayWhy } from './faults.ts';
import { presentIdOf } from './present-state.ts';
import { CHANGES_DATA } from './steps.ts';
import type { Tools, Work } from './work.ts';

const NEVER = new AbortController().signal;

/** How a repair ends, before times and names are added. `owesStart`: we closed the session and could not start it. */
export interface Ending {
  result: OutcomeResult;
  code?: RefusalCode;
  detail: string;
  owesStart?: boolean;
}

/** Why a step failed, as the journal keeps it, so that a run after a cut takes the same way back. */
export interface Failure {
  step: StepName;
  result: 'failed' | 'refused' | 'rolled-back';
  code?: RefusalCode;
  message: string;
}

/** Runs one step between its two marks, which are written or the step has failed. */
async function runStep(work: Work, tools: Tools, journal: Journal, step: StepName): Promise<void> {
  const action = ACTIONS[step];
  const intent = (await action.intent?.(work, tools)) ?? {};
  // From the start on nothing is deleted any more: a running session is worth more than the story of it.
  if (step === 'start' || step === 'verify') return runAnyway(work, tools, journal, step, intent);
  journal.mark(work.id, step, 'intent', intent);
  journal.mark(work.id, step, 'result', await action.run(work, tools, intent));
}

/** The same where a journal that cannot be written (a full disk) must not stand in the way: on the way back, and when starting. */
async function runAnyway(work: Work, tools: Tools, journal: Journal, step: StepName, intent: Record<string, unknown>): Promise<void> {
  tryMark(work, tools, journal, step, intent, 'intent');
  tryMark(work, tools, journal, step, await ACTIONS[step].run(work, tools, intent), 'result');
}

/** Files and keys as they were; `how` goes into the journal with it. */
export async function rollBack(work: Work, tools: Tools, journal: Journal, how: Record<string, unknown>): Promise<void> {
  await keepClosed(work, tools, journal);
  await runAnyway(work, tools, journal, 'put-back', { ...(await presentIdOf(work, tools)), rollback: true, ...how });
}

/**
 * Runs the steps in order, to an ending. A failure leads back: to the old state when something was deleted, to a
 * running session in any case. Rejects with Interrupted when the sidecar stops after the session was started.
 */
export async function proceed(work: Work, tools: Tools, journal: Journal, steps: readonly StepName[]): Promise<Ending> {
  let changes = journal.record(work.id)!.marks.some(({ step }) => CHANGES_DATA.has(step));
  for (const step of steps) {
    try {
      if (work.signal.aborted && !changes && !work.startAccepted) throw new Halt('rolled-back', 'the sidecar is stopping and nothing was deleted yet');
      work.mayGoOn();
      changes ||= CHANGES_DATA.has(step);
      await runStep(work, tools, journal, step);
    } catch (error) {
      if (error instanceof LockLost) throw error;
      if (work.signal.aborted && work.startAccepted) throw new Interrupted(`${work.session} was started; whether it works is looked at when the sidecar runs again`, { cause: error });
      return takeBack(work, tools, journal, failureOf(step, error, work));
    }
  }
  return work.proof ? { result: work.proof.result, detail: work.proof.detail } : { result: 'failed', detail: 'nothing proved that it works' };
}

function failureOf(step: StepName, error: unknown, work: Work): Failure {
  const message = sayWhy(error);
  if (error instanceof Halt) return { step, result: error.result, ...(error.code && { code: error.code }), message };
  if (work.signal.aborted && step !== 'start') return { step, result: 'rolled-back', message: 'the sidecar is stopping and nothing was deleted yet' };
  const cannotGoBack = step === 'clear-files' && error instanceof StoreError && error.code === 'unreachable';
  if (cannotGoBack || (error instanceof StoreError && (step === 'close' || step === 'end-browser' || step === 'backup'))) return { step, result: 'refused', code: 'backup-impossible', message };
  return { step, result: 'failed', message };
}

/** The way back from a failure. Safe to run again after a cut. Rejects with Owed when only Redis stands in its way. */
export async function takeBack(work: Work, tools: Tools, journal: Journal, failure: Failure): Promise<Ending> {
  work.mayGoOn();
  const { message, ...rest } = failure;
  const noted = journal.record(work.id)!.marks;
  if (!noted.some(({ mark }) => mark === 'error')) tryMark(work, tools, journal, failure.step, { ...rest, message });
  if (work.closedAt === null) return { ...rest, detail: message };
  const changed = work.backup !== null && noted.some(({ step, mark }) => mark === 'intent' && CHANGES_DATA.has(step));
  if (!changed) {
    if (work.startAccepted) return { ...rest, detail: message };
    return startAgain(work, tools, journal, { ...rest, detail: `${message}; the session was started again` });
  }
  tools.tell('warn', `${failure.step} failed (${message}): rolling back`, work.session);
  try {
    await rollBack(work, tools, journal, { keys: noted.some(touchesKeys) ? 'all' : 'none' });
  } catch (error) {
    if (error instanceof LockLost) throw error;
    if (error instanceof KeysNotBack) return oweKeys(work, tools, journal, error);
    return startAgain(work, tools, journal, {
      result: 'failed',
      detail: `${message}; and the state before could not be put back (${sayWhy(error)}); it is safe in the backup: auto-fix restore ${shellWord(work.backup!.id)}; the session was started as it is`,
    });
  }
  return startAgain(work, tools, journal, { result: 'rolled-back', detail: `${message}; the state before was put back from ${tools.folder.relative(work.backup!.id)} and the session started` });
}

/** Keys are missing at the most from when they were begun to be cleared, or to be replaced. */
const touchesKeys = ({ step, mark }: Mark): boolean => mark === 'intent' && (step === 'clear-redis' || step === 'put-back');

/**
 * The files are whole, so the session is started with them: it may not need those keys, and a session that we closed is not left
 * closed for as long as Redis may be away. Nothing can be lost by that: what it makes anew is backed up before it is replaced.
 */
async function oweKeys(work: Work, tools: Tools, journal: Journal, error: KeysNotBack): Promise<never> {
  tryMark(work, tools, journal, 'put-back', { owesKeys: true, message: error.message });
  await startAgain(work, tools, journal, { result: 'failed', detail: error.message });
  throw new Owed(`its files are back, its Redis keys are not (${error.message}); they are safe in the backup ${work.backup!.id} and put back by themselves as soon as Redis works again; until then it runs as it is: do not scan a QR code for it`, { cause: error });
}

/** Before old files are put under a session, nothing may run on them. */
async function keepClosed(work: Work, tools: Tools, journal: Journal): Promise<void> {
  tryMark(work, tools, journal, 'close', { rollback: true }, 'intent');
  const closing = closeAndWatch(work.target, tools.hands, tools.clock, tools.timings, NEVER);
  await closing.catch((error: unknown) => tools.tell('warn', `close before the rollback: ${sayWhy(error)}`, work.session));
  work.startAccepted = false;
  if (work.mayHaveRun) await makeSureGone(work.target, tools.hands, tools.clock, tools.timings, NEVER);
  else if (!isGone(await tracesOf(work.target, tools.hands))) await makeSureGone(work.target, tools.hands, tools.clock, tools.timings, NEVER);
}

/** Rule 6: the last thing after any failure. A start that cannot be had is owed, and asked for again by recovery. */
export async function startAgain(work: Work, tools: Tools, journal: Journal, ending: Ending): Promise<Ending> {
  work.mayGoOn();
  work.startedAt = tools.clock.now();
  tryMark(work, tools, journal, 'start', { at: work.startedAt }, 'intent');
  try {
    await ACTIONS.start.run(work, tools, {});
  } catch (error) {
    tools.tell('error', `ALERT it is closed and cannot be started (${sayWhy(error)}); start it in the gateway by hand; it is tried again until it works`, work.session);
    return { result: 'failed', detail: `${ending.detail.replace(/;[^;]*session (was )?started[^;]*$/, '')}; and it could not be started again (${sayWhy(error)}): start it by hand`, owesStart: true };
  }
  tryMark(work, tools, journal, 'start', {}, 'result');
  return ending;
}

function tryMark(work: Work, tools: Tools, journal: Journal, step: StepName, note: Record<string, unknown>, mark: 'intent' | 'result' | 'error' = 'error'): void {
  try {
    journal.mark(work.id, step, mark, note);
  } catch (error) {
    if (!work.journalLost) tools.tell('error', `${sayWhy(error)}; this repair comes to its end all the same`, work.session);
    work.journalLost = true;
  }
}

export function outcomeOf(work: Work, ending: Ending, tools: Tools): Outcome {
  const healthyAt = work.proof?.healthyAt ?? null;
  const seen = tools.evidence.lastActivity(work.session);
  const first = seen !== null && work.startedAt !== null && seen >= work.startedAt ? seen : healthyAt;
  return {
    repair: work.id, session: work.session, rung: work.task === 'restore' ? 'reset' : work.task, result: ending.result, ...(ending.code && { code: ending.code }), detail: ending.detail,
    startedAt: work.openedAt, endedAt: tools.clock.now(), backup: work.backup ? tools.folder.relative(work.backup.id) : null,
    ...(work.source && { restored: tools.folder.relative(work.source.id) }),
    downtimeMs: work.closedAt !== null && healthyAt !== null ? healthyAt - work.closedAt : null,
    gap: work.closedAt !== null ? { from: work.lastActivity, to: first } : null,
  };
}

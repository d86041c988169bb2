import type { Target } from '../fleet/fleet.ts';
import type { Journal, Mark, RepairRecord } from '../state/journal.ts';
import type { StepName } from '../words.ts';
import { whyRunning } from './closing.ts';
import { sayWhy } from './faults.ts';
import type { Hold } from './in-flight.ts';
import { owesKeys, settleKeys } from './owed-keys.ts';
import { proceed, startAgain, takeBack, type Ending, type Failure } from './progress.ts';
import { CHANGES_DATA, stepsOf } from './steps.ts';
import type { KeptFile, Tools, Work } from './work.ts';

const CLOSING: ReadonlySet<StepName> = new Set<StepName>(['close', 'end-browser']);

/** What the journal says of an interrupted repair, as the work it was. */
export async function rebuild(record: RepairRecord, target: Target, tools: Tools, hold: Hold): Promise<Work> {
  const note = (step: StepName, mark: Mark['mark']) => record.marks.findLast((one) => one.step === step && one.mark === mark)?.note;
  const first = (step: StepName) => record.marks.find((one) => one.step === step && one.mark === 'intent');
  // The way back closes again what was started.
  const lastOf = (step: StepName, mark: Mark['mark']) => record.marks.findLastIndex((one) => one.step === step && one.mark === mark);
  const lost: string[] = [];
  const load = async (id: unknown) => {
    if (typeof id !== 'string') return null;
    try {
      return { id, manifest: await tools.folder.read(id) };
    } catch (error) {
      lost.push(sayWhy(error)); // removed, or on a volume that is not there: what can be done without it is done
      return null;
    }
  };
  const backup = await load(note('backup', 'result')?.id);
  const source = record.rung === 'restore' ? await load(sourceId(record)) : null;
  return {
    id: record.id, session: record.session, task: record.rung, reason: record.reason, target, openedAt: record.openedAt, ...hold,
    closedAt: first('close')?.at ?? null, startedAt: first('start')?.at ?? first('reconnect')?.at ?? null, startAccepted: lastOf('start', 'result') > lastOf('close', 'intent'),
    mayHaveRun: true, lastActivity: (first('close')?.note.lastActivity as number | null | undefined) ?? null,
    kept: (note('end-browser', 'result')?.kept as KeptFile[] | undefined) ?? [],
    backup, source, ...(lost.length > 0 && { lostBackup: lost.join('; ') }),
    cleared: { files: 0, disposable: 0 }, proof: null,
  };
}

/** A restore names what it puts back as its reason; kept there so that the journal needs no column for it. */
const sourceId = (record: RepairRecord): string => record.reason;

/** Removes half-written backups of an interrupted repair; whole ones stay. */
export async function sweep(record: RepairRecord, tools: Tools): Promise<void> {
  for (const { note } of record.marks.filter(({ mark }) => mark === 'intent')) {
    for (const id of [note.id, note.present]) if (typeof id === 'string') await tools.folder.sweep(id);
  }
}

/**
 * Finishes an interrupted repair or takes it back. Before anything was deleted it is taken back; after that it goes
 * on to its end, for the backup is whole; a failure noted before the cut continues on its way back.
 */
export async function resume(record: RepairRecord, work: Work, tools: Tools, journal: Journal): Promise<Ending> {
  const at = record.marks.at(-1);
  const where = at ? `${at.mark === 'intent' ? 'during' : 'after'} ${at.step}` : 'before its first step';
  const cut = `the sidecar was cut off ${where}`;
  const changed = record.marks.some(({ step, mark }) => mark === 'intent' && CHANGES_DATA.has(step));
  if (changed && work.backup === null && !work.startAccepted) {
    return startAgain(work, tools, journal, { result: 'failed', detail: `${cut}; ${work.lostBackup}, so it can be neither finished nor taken back; the session was started as it is` });
  }
  if (owesKeys(record)) return settleKeys(record, work, tools, journal);
  const failed = record.marks.find(({ mark }) => mark === 'error');
  if (failed) return takeBack(work, tools, journal, failed.note as unknown as Failure);
  if (work.task === 'reconnect') return at ? finish(work, tools, journal, cut, ['verify']) : { result: 'rolled-back', detail: `${cut}; nothing was changed` };
  if (work.closedAt === null) return { result: 'rolled-back', detail: `${cut}; nothing was changed` };
  if (work.startAccepted) return finish(work, tools, journal, cut, ['verify']);

  if (!changed && work.task !== 'restart') {
    return takeBack(work, tools, journal, { step: at!.step, result: 'rolled-back', message: `${cut}, before anything was deleted` });
  }
  if (work.task === 'restore' && work.source === null) return takeBack(work, tools, journal, { step: 'put-back', result: 'failed', message: `${cut}; ${work.lostBackup}` });
  // Whoever started it in the meantime has brought it back: what is healthy is left in peace.
  const running = work.task === 'restore' ? null : await whyRunning(work.target, work.signal);
  if (running?.startsWith('healthy')) return { result: 'fixed', detail: `${cut}; found ${running} and left alone` };
  return finish(work, tools, journal, cut, remaining(record, work));
}

/** Closing is made sure of again; steps that are done for good are not repeated. */
function remaining(record: RepairRecord, work: Work): StepName[] {
  const done = new Set(record.marks.filter(({ mark }) => mark === 'result').map(({ step }) => step));
  return stepsOf(work.task).filter((step) => CLOSING.has(step) || !done.has(step));
}

async function finish(work: Work, tools: Tools, journal: Journal, cut: string, steps: readonly StepName[]): Promise<Ending> {
  tools.tell('warn', `${cut}; finishing: ${steps.join(', ')}`, work.session);
  const ending = await proceed(work, tools, journal, steps);
  return { ...ending, detail: `${ending.detail} (${cut}, then finished)` };
}

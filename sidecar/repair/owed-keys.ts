import type { Target } from '../fleet/fleet.ts';
import { shellWord } from '../report/shell-word.ts';
import type { Journal, Mark, RepairRecord } from '../state/journal.ts';
import { isKeyStore, type KeyStore } from '../stores/redis.ts';
import { StoreError } from '../stores/store.ts';
import { Owed } from './faults.ts';
import { rollBack, startAgain, type Ending, type Failure } from './progress.ts';
import { putMissingKeysBack } from './put-back.ts';
import type { Tools, Work } from './work.ts';

/** The last word of the journal about its way back: only the keys are missing. */
export const owesKeys = ({ marks }: RepairRecord): boolean => lastPutBack(marks)?.note.owesKeys === true;

const lastPutBack = (marks: readonly Mark[]): Mark | undefined => marks.findLast(({ step }) => step === 'put-back');

const keysOf = (target: Target): { store: KeyStore; name: string } | undefined =>
  target.stores.flatMap(({ store, name }) => (isKeyStore(store) ? [{ store, name }] : []))[0];

export const stillOwed = (why: string): Owed =>
  new Owed(`the way back of a repair is not at its end, its Redis keys are missing (${why}); they are put back by themselves as soon as that works again; until then it runs as it is: do not scan a QR code for it`);

/** Why the keys that are owed cannot come back now, in words; null when they can, or never will. */
export async function whyStillOwed({ marks }: RepairRecord, target: Target): Promise<string | null> {
  const since = marks.indexOf(lastPutBack(marks)!);
  const runs = marks.slice(since).some(({ step, mark }) => step === 'start' && mark === 'result');
  return runs ? whyAway(target) : null;
}

async function whyAway(target: Target): Promise<string | null> {
  const keys = keysOf(target);
  try {
    await keys?.store.assertWritable(keys.name);
    return null;
  } catch (error) {
    if (error instanceof StoreError) return error.message;
    throw error;
  }
}

/**
 * Puts the keys back now that Redis works. A session that is well keeps running and gets only what is missing: it has moved on, and
 * what it has is newer than the backup. Any other is taken back whole, its present state kept first.
 */
export async function settleKeys(record: RepairRecord, work: Work, tools: Tools, journal: Journal): Promise<Ending> {
  const { message } = record.marks.find(({ mark }) => mark === 'error')!.note as unknown as Failure;
  const from = tools.folder.relative(work.backup!.id);
  const keys = keysOf(work.target);
  if (!keys) return startAgain(work, tools, journal, { result: 'failed', detail: `${message}; its files were put back, but its keys cannot be: Redis is no longer configured (REDIS_URL); they are safe in the backup: auto-fix restore ${shellWord(work.backup!.id)}; the session was started as it is` });
  const away = await whyAway(work.target);
  if (away !== null) {
    await startAgain(work, tools, journal, { result: 'failed', detail: message });
    throw stillOwed(away);
  }
  const looked = await work.target.gateway!.api.probe(work.target.gateway!.name, work.signal);
  if (looked.couldNotLook) throw stillOwed(looked.saw);
  if (looked.probe === 'healthy') {
    const intent = { owesKeys: true, only: 'missing keys' };
    journal.mark(work.id, 'put-back', 'intent', intent);
    const missing = await putMissingKeysBack({ manifest: work.backup!.manifest, archive: tools.folder.archive(work.backup!.id), mayGoOn: work.mayGoOn }, keys.store);
    journal.mark(work.id, 'put-back', 'result', { missing });
    return { result: 'rolled-back', detail: `${message}; its files were put back from ${from} at once, and now that Redis works again the ${missing} keys that were missing; found ${looked.saw} and left running` };
  }
  await rollBack(work, tools, journal, { owesKeys: true });
  return startAgain(work, tools, journal, { result: 'rolled-back', detail: `${message}; the state before was put back from ${from}, its Redis keys now that Redis works again, and the session started` });
}

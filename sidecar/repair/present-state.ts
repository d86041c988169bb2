import { isKeyStore } from '../stores/redis.ts';
import { StoreError } from '../stores/store.ts';
import { makeBackup } from './backup.ts';
import { wouldOverwrite } from './compare.ts';
import { sayWhy } from './faults.ts';
import type { Tools, Work } from './work.ts';

const NEVER = new AbortController().signal;

/** Restarting must not depend on a Redis it does not touch. */
export const fileStores = (work: Work): Work['target']['stores'] => work.target.stores.filter(({ store }) => !isKeyStore(store));

/**
 * The id of the backup in which the state before a rollback is kept, none when it needs no keeping: nobody has written since it was
 * ours alone, or it is what the backup holds that was just put back.
 */
export async function presentIdOf(work: Work, tools: Tools): Promise<{ present?: string }> {
  const isElsewhere = work.task === 'restore' ? work.source !== null : !(await wouldOverwrite(work.backup!.manifest, fileStores(work)));
  return isElsewhere && !work.mayHaveRun ? {} : { present: tools.folder.newId(work.session, tools.clock.now(), 'before-restore') };
}

export async function keepPresentState(work: Work, tools: Tools, id: string | undefined): Promise<Work['backup']> {
  if (id === undefined) return null;
  const keep = async (stores: Work['target']['stores']) => {
    const request = { id, session: work.session, repair: work.id, rung: 'before-restore', reason: `state that did not work, before it is rolled back (${work.reason})`, at: tools.clock.now(), stores, acceptDamaged: true } as const;
    return { id, manifest: await makeBackup(tools.folder, request, NEVER) };
  };
  try {
    // A Redis that is away must not be the reason why its files are in no backup when the old ones are put over them.
    return await keep(work.target.stores).catch((error: unknown) => (error instanceof StoreError && error.code === 'unreachable' ? keep(fileStores(work)) : Promise.reject(error)));
  } catch (error) {
    tools.tell('warn', `the state that did not work could not be kept (${sayWhy(error)}); its new files are left in place`, work.session);
    return null;
  }
}

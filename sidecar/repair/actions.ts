import type { StepName } from '../words.ts';
import { isKeyStore } from '../stores/redis.ts';
import { StoreError, type FileEntry } from '../stores/store.ts';
import { makeBackup } from './backup.ts';
import { clearFiles, CLEARED_ROLES, clearKeys, unlinkDisposable } from './clear.ts';
import { closeAndWatch, makeSureGone, tracesOf, whyRunning } from './closing.ts';
import { assertOwn } from './compare.ts';
import { Halt, sayWhy } from './faults.ts';
import { fileStores, keepPresentState } from './present-state.ts';
import { putBack } from './put-back.ts';
import { inventoriesOf } from './snapshot.ts';
import { seconds, verify } from './verify.ts';
import { changedKept, digestKept, type Tools, type Work } from './work.ts';

type Note = Record<string, unknown>;

/** A step: what it is about to do (journalled first), and the doing, which returns what it did (journalled after). */
export interface Action {
  intent?(work: Work, tools: Tools): Promise<Note> | Note;
  run(work: Work, tools: Tools, intent: Note): Promise<Note>;
}

const NEVER = new AbortController().signal;
const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export const ACTIONS: Record<StepName, Action> = {
  reconnect: {
    async run(work, tools) {
      const seat = [work.target.front, work.target.gateway].find((one) => one?.api.can.has('reconnect'));
      const starter = work.target.gateway?.api.can.has('start') ? work.target.gateway : null;
      if (!seat && starter) {
        // Without a front that reconnects, a start does: it is a no-op on a session that is not closed.
        work.startedAt = tools.clock.now();
        await starter.api.start(starter.name, work.signal);
        tools.tell('info', 'asked to start again', work.session);
        return {};
      }
      if (!seat) throw new Halt('refused', `no gateway of ${work.session} can reconnect it; use the rung restart`, { code: 'gateway-unreachable' });
      work.startedAt = tools.clock.now();
      await seat.api.reconnect(seat.name, work.signal);
      tools.tell('info', 'asked to reconnect', work.session);
      return {};
    },
  },

  close: {
    intent(work, tools) {
      work.closedAt ??= tools.clock.now();
      return { at: work.closedAt, lastActivity: work.lastActivity };
    },
    async run(work, tools) {
      const from = tools.clock.now();
      const { said, pids, locks } = await closeAndWatch(work.target, tools.hands, tools.clock, tools.timings, work.patience);
      tools.tell(said === 'closed' ? 'info' : 'warn', `${said} in ${seconds(tools.clock.now() - from)}`, work.session);
      return { said, pids, locks: locks.length };
    },
  },

  'end-browser': {
    async run(work, tools) {
      const { ended, stale } = await makeSureGone(work.target, tools.hands, tools.clock, tools.timings, work.patience);
      if (ended.length > 0) tools.tell('warn', `ended the browser that outlived the session (process ${ended.join(', ')})`, work.session);
      work.kept = await digestKept(await inventoriesOf(fileStores(work)));
      return { ended, stale, kept: work.kept };
    },
  },

  backup: {
    intent: (work, tools) => ({ id: tools.folder.newId(work.session, tools.clock.now(), work.task === 'restore' ? 'before-restore' : work.task === 'repair' ? 'repair' : 'reset') }),
    async run(work, tools, intent) {
      const id = intent.id as string;
      const rung = work.task === 'restore' ? 'before-restore' : work.task === 'repair' ? 'repair' : 'reset';
      if (work.target.stores.length === 0) throw new Halt('refused', `no store holds ${work.session}, so there is nothing to back up and nothing may be deleted; check the session folders in the settings`, { code: 'backup-impossible' });
      const request = { id, session: work.session, repair: work.id, rung, reason: work.reason, at: tools.clock.now(), stores: work.target.stores, acceptDamaged: work.task === 'restore', goesAway: rolesOf(work) } as const;
      work.backup = { id, manifest: await makeBackup(tools.folder, request, work.signal) };
      tools.tell('info', backupLine(work, tools), work.session);
      return { id };
    },
  },

  'unlink-disposable': {
    async intent(work) {
      const files = (await inventoriesOf(fileStores(work))).flatMap((inventory) => inventory.files);
      return { list: files.filter(({ role }) => role === 'disposable').map(({ root, path, type }) => ({ root, path, type })) };
    },
    async run(work, tools, intent) {
      await assertNotStarted(work, tools, 'stale locks may be there');
      const list = (intent.list as Omit<FileEntry, 'role'>[]).map((entry): FileEntry => ({ ...entry, role: 'disposable' }));
      work.cleared.disposable = await unlinkDisposable(list, work.mayGoOn);
      if (work.task === 'restart') tools.tell('info', `unlinked ${count(work.cleared.disposable, 'stale lock or cache file', 'stale locks and cache files')}`, work.session);
      return { disposable: work.cleared.disposable };
    },
  },

  'clear-files': {
    /** What is in the way is found before the journal says that something may be deleted: then there is nothing to take back. */
    async intent(work, tools) {
      await assertNotStarted(work, tools, 'no lock may be there');
      for (const { store, name } of work.target.stores) if (isKeyStore(store)) await store.assertWritable(name);
      return {};
    },
    async run(work, tools) {
      await assertNotStarted(work, tools, 'no lock may be there');
      work.cleared.files += await clearFiles(work.backup!.manifest, rolesOf(work), work.mayGoOn);
      await assertNotStarted(work, tools, 'no lock may be there');
      return { files: work.cleared.files };
    },
  },

  'clear-redis': {
    async run(work, tools) {
      const keys = await clearKeys(work.backup!.manifest, rolesOf(work), work.target.stores, work.mayGoOn).catch((error: unknown) => {
        // Somebody writes to it: what they wrote is kept before anything is put over it.
        if (error instanceof StoreError && error.code === 'changed') work.mayHaveRun = true;
        throw error;
      });
      const redis = work.target.stores.some(({ store }) => isKeyStore(store)) ? count(keys, 'Redis key') : 'no Redis configured (REDIS_URL), its steps skipped';
      tools.tell('info', `cleared ${count(work.cleared.files, 'file')} (${count(work.cleared.disposable, 'cache or lock', 'caches and locks')} without archive), ${redis}`, work.session);
      return { keys };
    },
  },

  start: {
    intent(work, tools) {
      work.startedAt = tools.clock.now();
      work.mayHaveRun = true;
      return { at: work.startedAt };
    },
    async run(work, tools) {
      const { api, name } = work.target.gateway!;
      for (let left = tools.timings.startTries; ; left--) {
        try {
          await api.start(name);
          break;
        } catch (error) {
          if (left <= 1) throw error;
          tools.tell('warn', `start was refused (${sayWhy(error)}), trying again`, work.session);
          await tools.clock.sleep(tools.timings.startRetryMs);
        }
      }
      work.startAccepted = true;
      tools.tell('info', 'started', work.session);
      return {};
    },
  },

  verify: {
    async run(work, tools) {
      work.proof = await verify(work.target, work.startedAt ?? tools.clock.now(), tools.evidence, tools.clock, tools.timings, work.signal);
      const altered = await changedKept(work.kept);
      if (altered.length > 0) {
        work.proof.detail += `; ${altered.join(', ')} changed with this start, look whether the webhook is still right`;
        tools.tell('warn', `${altered.join(', ')} changed with this start; look whether the webhook is still right`, work.session);
      }
      tools.tell('info', `${work.proof.result === 'fixed' ? 'verified' : 'needs a QR scan'}: ${work.proof.detail}`, work.session);
      return { ...work.proof };
    },
  },

  'put-back': {
    async run(work, tools, intent) {
      const isRollback = work.task !== 'restore' || intent.rollback === true;
      const from = isRollback ? work.backup! : work.source!;
      const present = isRollback ? await keepPresentState(work, tools, intent.present as string | undefined) : work.backup;
      await assertOwn(from.manifest, work.target.stores);
      const result = await putBack({
        manifest: from.manifest, archive: tools.folder.archive(from.id), stores: work.target.stores, keys: intent.keys === 'none' ? 'none' : 'all',
        present: [present?.manifest, isRollback ? work.source?.manifest : undefined].filter((manifest) => manifest !== undefined), mayGoOn: work.mayGoOn,
      });
      const left = result.left > 0 ? `, ${count(result.left, 'new file')} left in place` : '';
      tools.tell('info', `put back ${count(result.written, 'file')} and ${count(result.keys, 'Redis key')}, removed ${result.removed} newer${left} <- ${tools.folder.relative(from.id)}`, work.session);
      return { ...result };
    },
  },
};

const rolesOf = (work: Work) => CLEARED_ROLES[work.task === 'repair' ? 'repair' : 'reset'];

function backupLine(work: Work, tools: Tools): string {
  const { id, manifest } = work.backup!;
  const files = manifest.files.filter(({ type }) => type !== 'directory');
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const damaged = files.filter((file) => file.damaged).length;
  return `backup verified: ${count(files.length, 'file')}, ${megabytes(bytes)}, ${count(manifest.keys.length, 'Redis key')}${damaged > 0 ? `, ${count(damaged, 'damaged file')} kept as found` : ''} -> ${tools.folder.relative(id)}`;
}

/** Proof against a session that was started while we worked: checked at the moment of use. */
async function assertNotStarted(work: Work, tools: Tools, locks: 'stale locks may be there' | 'no lock may be there'): Promise<void> {
  work.mayGoOn();
  const traces = await tracesOf(work.target, tools.hands);
  const hasBrowser = work.target.stores.some(({ store }) => store.browserDirs);
  const lock = locks === 'no lock may be there' || traces.pids === null ? traces.locks[0] : undefined;
  const running = traces.pids && traces.pids.length > 0 ? `its browser runs (process ${traces.pids.join(', ')})` : lock ? `a browser locked its profile (${lock.target})` : null;
  const said = running === null && !hasBrowser ? await whyRunning(work.target, NEVER) : null;
  const why = running ?? (said?.startsWith('unknown') ? null : said);
  if (why !== null) throw new Halt('failed', `${work.session} was started by somebody else meanwhile: ${why}; nothing more is deleted`);
}

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { StoreError, type Store } from '../stores/store.ts';
import { nearestFolder, whyNotUsable, whyNotWritable } from './access.ts';
import type { EngineView } from './engine-view.ts';
import { note, ok, wrong, type Finding } from './finding.ts';

const CANNOT_REPAIR = 'so no session can be backed up or cleared';

/** The folders of the sessions: there, the right ones, and usable by this user down to each session. */
export async function checkFolders(config: Config, view: EngineView | null): Promise<Finding[]> {
  const { wppconnect, backend } = config;
  const findings = [
    ...(wppconnect ? await checkOne('WPPCONNECT_USER_DATA_DIR', wppconnect.userDataDir, 'so a session can be restarted, but its login neither backed up nor cleared') : []),
    ...(wppconnect ? await checkOne('WPPCONNECT_TOKENS_DIR', wppconnect.tokensDir, 'so the webhook configuration is missing from every backup') : []),
    ...(backend ? await checkOne('BAILEYS_SESSIONS_DIR', backend.sessionsDir, 'so keys in files are neither backed up nor cleared; right when all of them are in Redis') : []),
  ];
  return [...findings, ...(wppconnect ? lostWithTheContainer(view) : [])];
}

async function checkOne(setting: string, folder: string | null, without: string): Promise<Finding[]> {
  if (folder === null) return [note('folders', `${setting} is not set, ${without}: mount the gateway's folder and set it`)];
  const problem = await whyNotUsable(folder, setting);
  if (problem) return [wrong('folders', `${problem} (${CANNOT_REPAIR})`)];
  const sessions = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const refused = (await Promise.all(sessions.map(({ name }) => whyNotUsable(join(folder, name), setting)))).filter((why) => why !== null);
  if (refused.length > 0) return [wrong('folders', `${refused[0]}${refused.length > 1 ? ` (the same for ${refused.length - 1} more)` : ''} (${CANNOT_REPAIR})`)];
  return [ok('folders', `${folder} can be read and written (${setting})`)];
}

/** Profiles in a container's own layer are gone with the container, and no other container sees them. */
function lostWithTheContainer(view: EngineView | null): Finding[] {
  const servers = (view?.inspected ?? []).filter(({ info }) => /wppconnect-server|wpp-server/.test(`${info.Config.Image} ${info.Config.WorkingDir} ${info.Name}`));
  return servers.filter(({ info }) => !info.Mounts.some(({ Destination }) => /userDataDir/i.test(Destination) || '/usr/src/wpp-server/userDataDir'.startsWith(`${Destination}/`)))
    .map(({ watched }) => note('folders', `${watched.name} has no volume for its userDataDir, so every login is lost when its container is made anew: give it volumes: - ./userDataDir:/usr/src/wpp-server/userDataDir`));
}

/** Our own folders: something temporary is written and removed. */
export async function checkOwnFolders({ stateDir, logFile, repair: { backupDir } }: Config): Promise<Finding[]> {
  const own: [string, string, string][] = [
    ['AUTO_FIX_STATE_DIR', stateDir, 'nothing would be remembered over a restart, so the sidecar does not start'],
    ['AUTO_FIX_BACKUP_DIR', backupDir, 'nothing can be backed up, so nothing is ever cleared'],
    ['AUTO_FIX_LOG_FILE', join(logFile, '..'), 'what is done stands on stdout only'],
  ];
  return Promise.all(own.map(async ([setting, folder, meaning]) => {
    const problem = await whyNotWritable(folder, setting);
    return problem ? wrong('state', `${problem} (until then ${meaning})`) : ok('state', `${folder} can be written (${setting})`);
  }));
}

/** A backup is compressed, but beside it stands the one it replaces, and what is put back needs room too. */
const ROOM = 2;

/** Whether all sessions together could be backed up. */
export async function checkSpace(stores: readonly Store[], backupDir: string, deps: SpaceDeps): Promise<Finding[]> {
  const findings: Finding[] = [];
  let bytes = 0;
  for (const store of stores) {
    try {
      for (const name of await store.list()) bytes += await deps.bytesOf(store, name);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      // Files of a session that runs come and go: that is no fault of the set-up.
      if (error.code !== 'changed') findings.push(wrong('folders', error.message));
    }
  }
  const free = await deps.freeAt(nearestFolder(backupDir));
  const [has, wants] = [deps.inWords(free), deps.inWords(bytes * ROOM)];
  if (free >= bytes * ROOM) return [...findings, ok('space', `${has} free for backups at ${backupDir}; all sessions together want ${wants}`)];
  return [...findings, wrong('space', `${has} free for backups at ${backupDir}, but all sessions together want ${wants} (their data without caches, twice), so repairs may be refused with backup-impossible: free some space or set AUTO_FIX_BACKUP_DIR to a larger disk`)];
}

export interface SpaceDeps {
  bytesOf(store: Store, name: string): Promise<number>;
  freeAt(folder: string): Promise<number>;
  inWords(bytes: number): string;
}


import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type Dockerode from 'dockerode';
import { connectSidecar } from '../report/client.ts';
import { SOCKET_FILE } from '../report/http.ts';
import type { Config } from '../config.ts';
import { isSidecar } from './containers.ts';
import { inspectContainer, type EngineView } from './engine-view.ts';
import { listed, note, ok, wrong, type Finding } from './finding.ts';

/** Folders that every container may share without working on the same sessions. */
const SHARED_BY_ALL = /docker\.sock$|^\/(etc|usr|lib|proc|sys|dev)(\/|$)/;

/** Whether the sidecar of this state folder runs. */
export async function checkSidecar({ stateDir, token }: Config): Promise<Finding[]> {
  const socket = join(stateDir, SOCKET_FILE);
  try {
    const sidecar = await connectSidecar({ socket, token });
    if (!sidecar) return [note('sidecar', `no sidecar runs with the state folder ${stateDir}${existsSync(socket) ? ' (what is left there is of one that was killed)' : ''}: docker compose up -d auto-fix-sessions starts it (one that was started just now needs a few seconds)`)];
    const { version, startedAt, faults, dryRun, pausedUntil } = await sidecar.health();
    const how = `${dryRun ? ', dry run: it touches nothing' : ''}${pausedUntil === null ? '' : ', PAUSED: auto-fix resume lets it repair again'}`;
    return [ok('sidecar', `version ${version} runs since ${startedAt}${how}`), ...faults.map((fault) => wrong('sidecar', fault))];
  } catch (error) {
    return [wrong('sidecar', (error as Error).message)];
  }
}

/** Two sidecars that can write the same folders would repair the same sessions; one lock keeps them apart only with one state folder. */
export async function checkTwins(docker: Dockerode, { listed: all }: EngineView): Promise<Finding[]> {
  const running = all.filter(({ Labels, State }) => State === 'running' && isSidecar(Labels ?? {}));
  const seen = await Promise.all(running.map(({ Id }) => inspectContainer(docker, Id).catch(() => null)));
  const sidecars = seen.filter((one) => one !== null).filter(({ Config: { Cmd } }) => !runsAnotherVerb(Cmd ?? [])).map((info) => ({
    name: info.Name.replace(/^\//, ''), id: info.Id,
    folders: new Set(info.Mounts.filter(({ RW, Source }) => RW && Source && !SHARED_BY_ALL.test(Source)).map(({ Source }) => Source)),
  }));
  const pairs = sidecars.flatMap((one, at) => sidecars.slice(at + 1).map((other) => ({ one, other, shared: [...one.folders].filter((folder) => other.folders.has(folder)) })));
  return pairs.filter(({ shared }) => shared.length > 0).map(({ one, other, shared }) => {
    // The engine lists the newest first: of two others, that is the one that came by mistake.
    const second = one.id.startsWith(hostname()) ? other : one;
    return wrong('sidecar', `${listed([one.name, other.name])} both work on ${listed(shared, 3)}, so both would repair the same sessions: docker stop ${second.name}`);
  });
}

/** `docker compose run auto-fix-sessions auto-fix doctor` has the same folders and repairs nothing by itself. */
function runsAnotherVerb(command: readonly string[]): boolean {
  const at = command.findIndex((word) => /(^|\/)auto-fix$/.test(word));
  return at >= 0 && ![undefined, 'run'].includes(command[at + 1]);
}

import type Dockerode from 'dockerode';
import { chooseWatched, type Watched } from '../watch/containers.ts';
import { CALL_DEADLINE_MS, Engine, EngineError } from '../watch/engine.ts';

/** A watched container with all that the engine says of it. */
export interface Inspected {
  watched: Watched;
  info: Dockerode.ContainerInspectInfo;
}

/** What the engine let us see. */
export interface EngineView {
  listed: Dockerode.ContainerInfo[];
  inspected: Inspected[];
}

export const COMPOSE = { project: 'com.docker.compose.project', service: 'com.docker.compose.service', network: 'com.docker.compose.network', volume: 'com.docker.compose.volume' } as const;

/** Ends by itself: a frozen engine accepts connections and never answers. */
const deadline = (): { abortSignal: AbortSignal } => ({ abortSignal: AbortSignal.timeout(CALL_DEADLINE_MS) });

export const inspectContainer = (docker: Dockerode, id: string): Promise<Dockerode.ContainerInspectInfo> => docker.getContainer(id).inspect(deadline());
/** dockerode's own `inspect` of networks sends the signal along as a parameter of the query. */
const get = <T>(docker: Dockerode, path: string): Promise<T> => new Promise((resolve, reject) => {
  docker.modem.dial({ path, method: 'GET', ...deadline(), statusCodes: { 200: true, 404: 'not found', 500: 'server error' } }, (error, answer) => (error ? reject(error as Error) : resolve(answer as T)));
});
export const inspectNetwork = (docker: Dockerode, name: string): Promise<Dockerode.NetworkInspectInfo> => get(docker, `/networks/${encodeURIComponent(name)}`);
export const inspectVolume = (docker: Dockerode, name: string): Promise<Dockerode.VolumeInspectInfo> => get(docker, `/volumes/${encodeURIComponent(name)}`);
/** Its types know no options; the call takes them. */
export const ping = (docker: Dockerode): Promise<unknown> => (docker.ping as (options: object) => Promise<unknown>).call(docker, deadline());

/** The watched containers (services of that Compose project only, where one is given) and all there are. Rejects with an EngineError. */
export async function viewOf(docker: Dockerode, names: readonly string[], project: string | null): Promise<EngineView> {
  const containers = await new Engine(docker).list();
  const inspected = await Promise.all(chooseWatched(containers, names, project).map(async (watched) => ({ watched, info: await inspectContainer(docker, watched.id) })));
  return { listed: containers, inspected };
}

/** One request to the engine; what went wrong is an EngineError in words, null when nothing did. */
export async function trying(request: () => Promise<unknown>): Promise<EngineError | null> {
  try {
    await request();
    return null;
  } catch (error) {
    return error instanceof EngineError ? error : new EngineError('other', (error as Error).message, error);
  }
}

export const serviceOf = (labels: Record<string, string> | undefined): string | null => labels?.[COMPOSE.service] ?? null;
export const projectOf = (labels: Record<string, string> | undefined): string | null => labels?.[COMPOSE.project] ?? null;

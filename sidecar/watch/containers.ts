import type Dockerode from 'dockerode';

/** A container as the engine lists it, with the name it is watched under. */
export interface Watched {
  id: string;
  /** The watched name: Compose service or container name, whichever was asked for. */
  name: string;
  containerName: string;
  /** The engine's word: `running`, `exited`, `restarting`, `paused`, `created`, `removing`, `dead`. */
  state: string;
  /** Id of the container this one replaces during a Compose recreate. */
  replaces: string | null;
}

export const PROJECT = 'com.docker.compose.project';
const SERVICE = 'com.docker.compose.service';
const ONE_OFF = 'com.docker.compose.oneoff';
const REPLACES = 'com.docker.compose.replace';
/** A container asks to be watched by carrying this label with the value `true`. */
export const WATCH_LABEL = 'auto-fix.watch';

type Listed = Pick<Dockerode.ContainerInfo, 'Id' | 'Names' | 'Labels' | 'State'>;

/**
 * The containers to watch among all there are: by Compose service, by name, or by their own label. With `project`
 * only that Compose project's services count as services: two stacks on one host have the same ones.
 */
export function chooseWatched(listed: readonly Listed[], names: readonly string[], project: string | null = null): Watched[] {
  return listed.flatMap((container) => {
    const labels = container.Labels ?? {};
    const containerName = ownName(container.Names ?? []);
    const name = watchedName(labels, containerName, names, project);
    if (name === null) return [];
    return [{ id: container.Id, name, containerName, state: container.State, replaces: labels[REPLACES] ?? null }];
  });
}

/** The name a container is watched under; null when it is none of ours. `docker compose run` makes one-offs, never ours. */
export function watchedName(labels: Record<string, string>, containerName: string, names: readonly string[], project: string | null = null): string | null {
  const service = serviceOf(labels, project);
  if (service !== null && names.includes(service)) return service;
  if (containerName !== '' && names.includes(containerName)) return containerName;
  if (labels[WATCH_LABEL] === 'true') return service ?? containerName;
  return null;
}

/** The Compose service that a container stands for; null for a one-off and, with `project`, for another project's. */
export function serviceOf(labels: Record<string, string>, project: string | null): string | null {
  const foreign = project !== null && labels[PROJECT] !== project;
  return foreign || labels[ONE_OFF] === 'True' ? null : (labels[SERVICE] ?? null);
}

/** `/name`; links add `/other/alias`. */
function ownName(names: readonly string[]): string {
  return (names.find((name) => name.lastIndexOf('/') === 0) ?? names[0] ?? '').replace(/^\//, '');
}

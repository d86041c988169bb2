import type Dockerode from 'dockerode';
import { PROJECT } from './containers.ts';
import { Engine } from './engine.ts';

/** An engine that needs longer for a look at one container is not to be waited for: the sidecar starts all the same. */
const DEADLINE_MS = 5_000;
/** Docker names a container's host after the first twelve digits of its id, unless told otherwise. */
const CONTAINER_ID = /^[0-9a-f]{12}$/;

type Tell = (level: 'info' | 'warn', message: string) => void;

/**
 * The Compose project this program runs in; null outside of one, or when that cannot be found out. Two stacks on one
 * host have services of the same names, and only those of our own are ours. Tells in one line what holds.
 */
export async function ownProject(docker: Dockerode, hostname: string, tell: Tell = () => undefined): Promise<string | null> {
  const found = await findProject(docker, hostname);
  if (found.project !== null) tell('info', `watching services of our own Compose project ${found.project} only; containers named by their own name or labelled may be anywhere`);
  else tell(found.failed ? 'warn' : 'info', `watching services of every Compose project on this engine: ${found.why}; where two stacks have the same services, name containers in AUTO_FIX_CONTAINERS instead`);
  return found.project;
}

type Found = { project: string } | { project: null; why: string; failed: boolean };

async function findProject(docker: Dockerode, hostname: string): Promise<Found> {
  if (!CONTAINER_ID.test(hostname)) return { project: null, why: 'this is no container, or one with a host name of its own', failed: false };
  try {
    const { id, labels } = await new Engine(docker, DEADLINE_MS).inspect(hostname);
    const project = id.startsWith(hostname) ? labels[PROJECT] : undefined;
    return project ? { project } : { project: null, why: 'our own container belongs to none', failed: false };
  } catch (error) {
    return { project: null, why: `our own container cannot be looked at (${(error as Error).message})`, failed: true };
  }
}

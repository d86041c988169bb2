import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { aptInstall } from './debian.ts';
import { Dockerd } from './dockerd.ts';
import { engineVersion } from './ping.ts';
import { LAB_HOME, LAB_RUN } from './places.ts';
import { which, type Say } from './shell.ts';
import { enlist, leave } from './users.ts';

/** The engine the tests run on. `release` ends it when it is the lab's own and no other run uses it. */
export interface Engine {
  socket: string;
  version: string;
  release(): Promise<void>;
}

const DEFAULT_SOCKET = '/var/run/docker.sock';
const OWN_SOCKET = join(LAB_RUN, 'docker.sock');
/** On a machine with systemd the package starts the service itself, a few seconds after its installation. */
const SERVICE_START_MS = 10_000;

const ownDockerd = () => new Dockerd({
  socket: OWN_SOCKET,
  dataRoot: join(LAB_HOME, 'engine'),
  execRoot: join(LAB_RUN, 'exec'),
  pidFile: join(LAB_RUN, 'dockerd.pid'),
  logFile: join(LAB_HOME, 'dockerd.log'),
});

/** A running engine is reused (DOCKER_HOST, the default socket, the lab's own); else one is installed and started. */
export async function ensureEngine(say: Say, dockerHost = process.env.DOCKER_HOST): Promise<Engine> {
  const found = (await runningEngine(say, dockerHost)) ?? (await installedEngine(say));
  if (found) return found;
  say('starting an engine of our own (dockerd, about 3 s)');
  const dockerd = ownDockerd();
  enlist();
  try {
    await dockerd.start();
  } catch (error) {
    await leave(() => dockerd.stop());
    throw error;
  }
  return own((await engineVersion(OWN_SOCKET))!);
}

async function runningEngine(say: Say, dockerHost: string | undefined): Promise<Engine | null> {
  if (dockerHost) {
    const socket = /^unix:\/\/(\/.+)/.exec(dockerHost)?.[1];
    const version = socket === undefined ? null : await engineVersion(socket);
    if (socket !== undefined && version !== null) return foreign(socket, version);
    say(socket === undefined
      ? `DOCKER_HOST=${dockerHost} is not a unix socket: the tests reach their containers on this machine only, looking further`
      : `nobody answers at DOCKER_HOST=${dockerHost}, looking further`);
  }
  const version = await engineVersion(DEFAULT_SOCKET);
  if (version !== null) return foreign(DEFAULT_SOCKET, version);
  const ownVersion = await engineVersion(OWN_SOCKET);
  if (ownVersion === null) return null;
  enlist();
  return own(ownVersion);
}

/** Installs the engine where it is missing; the installation may have started it. */
async function installedEngine(say: Say): Promise<Engine | null> {
  const missing = [...(which('dockerd') ? [] : ['docker.io']), ...(which('iptables') ? [] : ['iptables'])];
  if (process.getuid?.() !== 0) throw new Error('no Docker engine answers, and only root can start one: start Docker, or run as root');
  if (missing.length > 0) await aptInstall(missing, say);
  if (missing.length === 0 || !existsSync('/run/systemd/system')) return null;
  for (const until = Date.now() + SERVICE_START_MS; Date.now() < until; await sleep(250)) {
    const version = await engineVersion(DEFAULT_SOCKET);
    if (version !== null) return foreign(DEFAULT_SOCKET, version);
  }
  return null;
}

const foreign = (socket: string, version: string): Engine => ({ socket, version, release: async () => {} });

const own = (version: string): Engine => ({
  socket: OWN_SOCKET,
  version,
  release: () => leave(() => ownDockerd().stop()),
});

import { existsSync } from 'node:fs';
import { bringUp } from '../bring-up/bring-up.ts';
import { engineVersion } from '../bring-up/ping.ts';
import { LAB_RUN } from '../bring-up/places.ts';
import { embeddedStage } from './embedded.ts';
import { engineStage } from './on-engine.ts';
import { redisServer } from './redis.ts';
import type { Stage } from './stage.ts';

export interface Chosen {
  /** Where it is shown, in words. */
  words: string;
  /** Socket of the engine that is used; null for none. */
  socket: string | null;
  open(until: AbortSignal): Promise<Stage>;
  release(): Promise<void>;
}

export type Wanted = 'engine' | 'embedded' | 'either';

/** The engine that is in reach, with what is missing on it brought up; without one, or where it cannot be had, this process. Installs no engine. */
export async function chooseStage(wanted: Wanted, say: (line: string) => void): Promise<Chosen> {
  if (wanted === 'embedded') return embedded('As asked for, without Docker');
  const socket = await engineInReach();
  if (socket === null) return without(wanted, 'No Docker engine answers here, and a demo installs none');
  process.env.DOCKER_HOST = `unix://${socket}`;
  const lab = await bringUp(say);
  if (lab.missing.engine !== undefined) return without(wanted, `A Docker engine answers, but the stack cannot run on it (${lab.missing.engine})`);
  Object.assign(process.env, lab.env);
  return {
    socket, release: () => lab.release(),
    words: `On the Docker engine in reach (version ${lab.engine!.version}): stand-ins for two gateways and a backend with the real Baileys, each in its container, and a real Redis. The sidecar reads their logs through ${socket}. They need a few seconds to come up.`,
    open: (until) => engineStage(socket, until),
  };
}

function without(wanted: Wanted, why: string): Chosen {
  if (wanted === 'engine') throw new Error(`${why}; npm run demo -- --embedded needs none`);
  return embedded(why);
}

const embedded = (why: string): Chosen => ({
  socket: null, release: async () => undefined, open: () => embeddedStage(),
  words: `${why}: the gateways run as stand-ins on loopback ports (one with the real Baileys${redisServer() ? ', beside a real Redis' : '; this machine has no redis-server, so keys live in files only'}), and the sidecar gets their lines from this process instead of the engine's streams. Detector, decisions, repairs, session folders and backups are the real ones.`,
});

/** In the order in which the tests look for one. */
async function engineInReach(): Promise<string | null> {
  const given = process.env.AUTO_FIX_TEST_DOCKER ?? /^unix:\/\/(\/.+)/.exec(process.env.DOCKER_HOST ?? '')?.[1];
  for (const socket of [given, '/var/run/docker.sock', `${LAB_RUN}/docker.sock`]) {
    if (socket !== undefined && existsSync(socket) && (await engineVersion(socket)) !== null) return socket;
  }
  return null;
}

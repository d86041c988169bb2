import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../../.ci/lock.mjs';
import { ensureEngine, type Engine } from './engine.ts';
import { ensureHaproxy } from './haproxy.ts';
import { ensureImages } from './images.ts';
import { LAB_HOME } from './places.ts';
import { ensureClient, ensurePlugins } from './plugins.ts';
import { ensureRedisServer } from './redis-server.ts';
import { sayOnStderr, type Say } from './shell.ts';

/** What could not be had, in one sentence each. */
export interface Missing {
  engine?: string;
  redis?: string;
  haproxy?: string;
}

export interface Lab {
  /** Null when the machine has no engine and none could be started. */
  engine: Engine | null;
  missing: Missing;
  /** Environment for tests and demo: AUTO_FIX_TEST_DOCKER (socket path), AUTO_FIX_TEST_REDIS_SERVER and AUTO_FIX_TEST_HAPROXY (paths), DOCKER_HOST. */
  env: Record<string, string>;
  /** Ends what was started here. */
  release(): Promise<void>;
}

/** Brings up what tests and demo need; a step whose result is there already does nothing. */
export async function bringUp(say: Say = sayOnStderr): Promise<Lab> {
  const lab: Lab = { engine: null, missing: {}, env: {}, release: async () => {} };
  try {
    const redis = await alone(say, () => ensureRedisServer(say));
    lab.env.AUTO_FIX_TEST_REDIS_SERVER = redis;
  } catch (error) {
    lab.missing.redis = sentence(error);
  }
  try {
    lab.env.AUTO_FIX_TEST_HAPROXY = await alone(say, () => ensureHaproxy(say));
  } catch (error) {
    lab.missing.haproxy = sentence(error);
  }
  try {
    await alone(say, async () => {
      const engine = await ensureEngine(say);
      lab.engine = engine;
      lab.release = () => alone(say, () => engine.release());
      await ensureClient(say);
      await ensurePlugins(say);
      await ensureImages(engine.socket, say);
      lab.env.PATH = process.env.PATH ?? '';
      lab.env.AUTO_FIX_TEST_DOCKER = engine.socket;
      lab.env.DOCKER_HOST = `unix://${engine.socket}`;
    });
  } catch (error) {
    lab.missing.engine = sentence(error);
  }
  return lab;
}

/** Two runs at once on one machine: the second finds the results of the first. */
async function alone<T>(say: Say, work: () => Promise<T>): Promise<T> {
  const home = writableHome();
  if (home === null) return work();
  return withLock(join(home, 'bring-up.lock'), say, async () => {
    for (const name of readdirSync(home)) {
      // What a killed run was in the middle of making.
      if (/^(images|plugins|haproxy)-/.test(name)) rmSync(join(home, name), { recursive: true, force: true });
    }
    return work();
  });
}

/** Only root makes anything there; everybody else uses what is there. */
function writableHome(): string | null {
  if (process.getuid?.() !== 0) return null;
  mkdirSync(LAB_HOME, { recursive: true });
  return LAB_HOME;
}

const sentence = (error: unknown) => (error instanceof Error ? error.message : String(error));

import { hostname } from 'node:os';
import { realClock, type Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { loadPatterns } from '../detect/patterns.ts';
import { dockerAt } from '../docker.ts';
import { ownProject } from '../watch/own-project.ts';
import { chooseWatched } from '../watch/containers.ts';
import { Engine } from '../watch/engine.ts';
import { openWorld } from '../world.ts';
import { checkContainers, checkLogDrivers } from './containers.ts';
import { checkSessions } from './drift.ts';
import { trying, viewOf, type EngineView } from './engine-view.ts';
import { ok, note, wrong, type Finding } from './finding.ts';
import { checkFolders, checkOwnFolders, checkSpace } from './folders.ts';
import { checkGateways } from './gateways.ts';
import { checkRedis } from './redis.ts';
import { checkSocket } from './socket.ts';
import { SPACE } from './space.ts';
import { checkSidecar, checkTwins } from './twins.ts';

/** Checks the whole set-up, each finding as soon as it is there. Changes nothing but for a temporary folder in our own. */
export async function* examine(config: Config, warnings: readonly string[], clock: Clock = realClock): AsyncGenerator<Finding> {
  yield* warnings.length > 0 ? warnings.map((warning) => wrong('settings', warning)) : [ok('settings', 'every setting can be read')];
  yield checkPatterns(config);
  yield* await checkOwnFolders(config);
  yield* await checkSidecar(config);
  const { findings, view } = await checkEngine(config, clock);
  yield* findings;
  const world = await openWorld(config, clock, () => undefined);
  // A list may take a minute where a session hangs: all are asked at once.
  const refreshed = world.fleet.refresh();
  try {
    yield* await checkGateways(world.gateways, config, view);
    yield* await checkFolders(config, view);
    if (config.redis) yield* await checkRedis(config.redis);
    yield* await checkSpace(world.stores.filter(({ kind }) => kind !== 'redis'), config.repair.backupDir, SPACE);
    await refreshed;
    yield* await checkSessions(world.fleet.listings(), config);
  } finally {
    world.close();
  }
  yield* checkDoors(config);
}

function checkPatterns(config: Config): Finding {
  try {
    return ok('patterns', `${loadPatterns(config.detect.patternsDir).length} patterns, each agrees with its own samples`);
  } catch (error) {
    return wrong('patterns', (error as Error).message);
  }
}

async function checkEngine(config: Config, clock: Clock): Promise<{ findings: Finding[]; view: EngineView | null }> {
  const docker = dockerAt(config.docker.host);
  const names = config.watch.containers;
  const project = await ownProject(docker, hostname());
  const findings = await checkSocket(docker, config.docker.host, (all) => chooseWatched(all, names, project)[0]?.id, () => clock.now());
  let view: EngineView | null = null;
  // What is refused was told as a missing right; without the list or a look nothing more can be said.
  await trying(async () => (view = await viewOf(docker, names, project)));
  if (view === null) return { findings, view };
  const refused = await unreadableLogs(new Engine(docker), view);
  findings.push(...checkContainers(view, config), ...checkLogDrivers(view, refused), ...(await checkTwins(docker, view)));
  return { findings, view };
}

/** What the engine says about a log it cannot give back, by container id. */
async function unreadableLogs(engine: Engine, { inspected }: EngineView): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  for (const { watched } of inspected) {
    const stop = new AbortController();
    const error = await trying(async () => void (await engine.logs(watched.id, { tail: 1 }, stop.signal)).destroy());
    stop.abort();
    if (error?.fault === 'unreadable-driver') refused.set(watched.id, error.message);
  }
  return refused;
}

/** Who hears of trouble, and who may change something. */
function checkDoors({ alertWebhook, token, http }: Config): Finding[] {
  return [
    alertWebhook
      ? ok('alerts', 'AUTO_FIX_ALERT_WEBHOOK is set; auto-fix doctor --alert sends a test message')
      : note('alerts', 'nobody is told about a session that needs a human, but by the log: set AUTO_FIX_ALERT_WEBHOOK (Slack, Discord, Telegram, ntfy or any address that takes JSON)'),
    token || !http
      ? ok('alerts', token ? 'AUTO_FIX_TOKEN guards what changes something' : 'the API answers on the local socket only')
      : note('alerts', 'repairs and QR codes are not to be had over the network, only in the container: set AUTO_FIX_TOKEN (openssl rand -hex 24) to allow them with it'),
  ];
}

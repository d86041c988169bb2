import { hostname } from 'node:os';
import { realClock } from '../clock.ts';
import { Detector } from '../detect/detector.ts';
import { readyPatterns } from '../detect/ready-patterns.ts';
import { dockerAt } from '../docker.ts';
import { trying } from '../doctor/engine-view.ts';
import { toMs } from '../event-time.ts';
import type { Target } from '../fleet/fleet.ts';
import { ownProject } from '../watch/own-project.ts';
import type { ProbeResult } from '../words.ts';
import { Engine, EngineError } from '../watch/engine.ts';
import { openWorld, type World } from '../world.ts';
import { CannotDo, type Io } from './command.ts';
import { outcomeInWords, refused } from './fix.ts';
import { sidecarBeside } from './sidecar-beside.ts';

export interface Checked {
  session: string;
  probe: ProbeResult;
  /** Hits of each class inside the window, read from the logs themselves. */
  hits: { corruption: number; disconnect: number };
  overThreshold: boolean;
  /** No sign of life for longer than --silent-hours; null when that was not asked or cannot be told. */
  quiet: boolean | null;
  repaired: string | null;
}

/** What a sidecar that runs beside us counts: its windows are exact, and a repair has cleared them. Null without one. */
async function countedBeside(io: Io): Promise<Map<string, Checked['hits']> | null> {
  const sidecar = await sidecarBeside(io);
  return sidecar && new Map((await sidecar.sessions()).map(({ id, hits }) => [id, hits]));
}

/** Looks at the sessions meant by `all` or a spelling, and repairs those over the threshold when asked to. */
export async function checkSessions(whom: string, how: { fix: boolean; dryRun: boolean; silentMs: number | null }, io: Io): Promise<{ checked: Checked[]; notes: string[]; silent: string[] }> {
  const notes: string[] = [];
  const world = await openWorld(io.config(), realClock, (_, message) => io.err(message));
  try {
    await world.fleet.refresh();
    const sessions = whom === 'all' ? world.fleet.names() : [known(whom, world)];
    const beside = await countedBeside(io);
    // A log that cannot be read costs nothing where the sidecar has counted it.
    const logs = await readWindow(world, how.silentMs ?? 0, beside ? [] : notes, io);
    const checked = await Promise.all(sessions.map((session) => lookAtOne(session, world, logs, { ...how, counted: beside?.get(session) ?? null }, io)));
    for (const one of checked) if (how.fix && one.overThreshold) one.repaired = await repair(one, how.dryRun, io);
    return { checked, notes, silent: world.gateways.map(({ kind }) => kind).filter((kind) => world.fleet.listings().some(({ source, failure }) => source === kind && failure !== null)) };
  } finally {
    world.close();
  }
}

function known(spelled: string, { fleet }: World): string {
  const session = fleet.resolve(spelled);
  if (session !== null) return session;
  throw new CannotDo(`no list of the gateway or the stores names "${spelled.slice(0, 80)}"; known are: ${fleet.names().join(', ') || 'none'}`);
}

interface Logs { detector: Detector; wereRead: boolean }

/** The last window (or longer) of every watched container's log; without a socket the windows stay empty and one note says so. */
async function readWindow({ fleet }: World, atLeastMs: number, notes: string[], io: Io): Promise<Logs> {
  const { detect, docker, watch } = io.config();
  const detector = new Detector({ patterns: await readyPatterns(detect.patternsDir), sessions: fleet, maxHits: detect.maxHits, windowMs: detect.windowMs });
  const { readHistoryBatches } = await import('../watch/history.ts');
  const { mergeBatchesByTime } = await import('../watch/recording.ts');
  const engine = dockerAt(docker.host);
  const project = await ownProject(engine, hostname());
  const unreachable = await trying(() => new Engine(engine).list());
  if (unreachable) {
    notes.push(`note: hits are not counted, the gateway alone was asked: ${unreachable.message}`);
    return { detector, wereRead: false };
  }
  const sinceMs = realClock.now() - Math.max(detect.windowMs, atLeastMs);
  const readable = watch.containers.map((container) => silent(readHistoryBatches(engine, container, { clock: realClock, sinceMs, project }), container, notes, io));
  for await (const lines of mergeBatchesByTime(...readable)) for (const line of lines) detector.read(line);
  detector.flush();
  return { detector, wereRead: true };
}

async function* silent<T>(batches: AsyncIterable<T>, container: string, notes: string[], io: Io): AsyncGenerator<T> {
  try {
    yield* batches;
  } catch (error) {
    const says = `the log of ${container} cannot be read, its hits are not counted: ${(error as Error).message}`;
    // Not every stack has every service of the default list.
    if (error instanceof EngineError && error.fault === 'gone') notes.push(`note: ${says}`);
    else io.err(says);
  }
}

async function lookAtOne(session: string, { fleet }: World, { detector, wereRead }: Logs, { silentMs, counted }: { silentMs: number | null; counted: Checked['hits'] | null }, io: Io): Promise<Checked> {
  const now = realClock.now();
  const view = detector.look(session, now);
  const hits = counted ?? { corruption: view.corruption, disconnect: view.disconnect };
  const probe = await probeOf(fleet.target(session));
  const lastLife = view.lastActivity === null ? null : toMs(view.lastActivity);
  const saw = lastLife === null ? probe.saw : `${probe.saw}; last sign of life ${new Date(lastLife).toISOString()}`;
  const quiet = silentMs === null || !wereRead ? null : lastLife === null || now - lastLife > silentMs;
  return { session, quiet, probe: { ...probe, saw: quiet ? `quiet for more than ${silentMs! / 3_600_000} h; ${saw}` : saw }, hits, overThreshold: Math.max(hits.corruption, hits.disconnect) > io.config().detect.maxHits, repaired: null };
}

async function probeOf(target: Target | null): Promise<ProbeResult> {
  const asked = target?.gateway ?? target?.front;
  if (!asked) return { probe: 'unknown', saw: target?.unlisted ?? 'no gateway is configured that lists it', couldNotLook: true };
  return asked.api.probe(asked.name).catch((error: Error) => ({ probe: 'unknown' as const, saw: error.message, couldNotLook: true as const }));
}

async function repair({ session, hits }: Checked, dryRun: boolean, io: Io): Promise<string> {
  const rung = null;
  const sidecar = await sidecarBeside(io);
  try {
    const { plan, outcome } = sidecar
      ? await sidecar.fix(session, { rung, dryRun }).catch(refused)
      : await (await import('./alone.ts')).fixAlone(session, rung, dryRun, io, hits);
    return outcome ? outcomeInWords(outcome) : `${session}: would run ${plan.rung}`;
  } catch (error) {
    if (error instanceof CannotDo) return `${session}: not repaired: ${error.message}`;
    throw error;
  }
}

import type Dockerode from 'dockerode';
import { type Clock, realClock } from '../clock.ts';
import type { LogLine } from '../words.ts';
import { chooseWatched } from './containers.ts';
import { CALL_DEADLINE_MS, Engine, EngineError } from './engine.ts';
import { SILENT_READ_MS, isTty } from './catch-up.ts';
import { DEFAULT_LINE_BOUND, LineMaker } from './lines.ts';
import { Parts } from './parts.ts';
import { Reading } from './reading.ts';
import { sinceParameter, stampOfMs } from './stamp.ts';

export interface HistoryOptions {
  clock?: Clock;
  /** The Compose project that `container` as a service means; null or unset: any. */
  project?: string | null;
  /** Read lines from this time (ms) on; without it everything the engine still has. */
  sinceMs?: number;
  lineBound?: number;
  signal?: AbortSignal;
  /** Told what the engine says about a log it could not read whole. */
  complain?(problem: string): void;
}

/**
 * What the engine still has of a container's log, without following: for a replay of a running installation.
 * `container` is an id, a container name or a Compose service (its containers one after the other).
 * Rejects with an EngineError in words when there is none or it cannot be read.
 */
export async function* readHistoryBatches(docker: Dockerode, container: string, options: HistoryOptions = {}): AsyncGenerator<LogLine[]> {
  const engine = new Engine(docker, CALL_DEADLINE_MS);
  const listed = await engine.list(options.signal);
  const chosen = chooseWatched(listed, [container], options.project).filter((c) => c.name === container);
  const ids = chosen.length > 0 ? chosen.map((c) => c.id) : listed.filter((c) => container.length >= 12 && c.Id.startsWith(container)).map((c) => c.Id);
  if (ids.length === 0) throw new EngineError('gone', `there is no container or Compose service "${container}" on this engine; docker ps -a shows what there is`);
  for (const id of ids) yield* readOne(engine, id, container, options);
}

/** The same, line by line. */
export async function* readHistory(docker: Dockerode, container: string, options: HistoryOptions = {}): AsyncGenerator<LogLine> {
  for await (const batch of readHistoryBatches(docker, container, options)) yield* batch;
}

async function* readOne(engine: Engine, id: string, container: string, options: HistoryOptions): AsyncGenerator<LogLine[]> {
  const { clock = realClock, sinceMs, lineBound = DEFAULT_LINE_BOUND, complain } = options;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const info = await engine.inspect(id, signal);
  const response = await engine.pacedLogs(id, sinceMs === undefined ? {} : { since: sinceParameter(stampOfMs(sinceMs)) }, signal);
  const parts = new Parts(new LineMaker({ container, containerId: id }, lineBound), clock, { opened: () => undefined, closed: () => undefined }, lineBound);
  const reading = new Reading(isTty(response, info.tty), stampOfMs(0), {
    entry: (entry) => parts.accept(entry.stream, entry.stamp, entry.bytes, entry.start, entry.end, entry.skipped),
    engineSays: (message) => complain?.(message),
  }, lineBound);
  // Unlike the live stream this reader waits for its consumer: memory stays bounded, and a frozen engine ends it.
  const watchdog = setTimeout(() => response.destroy(new EngineError('no-answer', 'the engine stopped answering in the middle of the log')), SILENT_READ_MS);
  try {
    for await (const chunk of response) {
      watchdog.refresh();
      reading.push(chunk as Buffer);
      const lines = parts.take();
      if (lines.length > 0) yield lines;
    }
    reading.finish();
    parts.closeAll();
    const lines = parts.take();
    if (lines.length > 0) yield lines;
  } finally {
    clearTimeout(watchdog);
    stop.abort();
  }
}

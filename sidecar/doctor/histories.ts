import { hostname } from 'node:os';
import type Dockerode from 'dockerode';
import { realClock } from '../clock.ts';
import { ownProject } from '../watch/own-project.ts';
import { chooseWatched } from '../watch/containers.ts';
import { Engine } from '../watch/engine.ts';
import { readHistoryBatches } from '../watch/history.ts';
import { mergeBatchesByTime } from '../watch/merge.ts';
import type { LogLine } from '../words.ts';

export interface Histories {
  /** The watched containers that are there. */
  containers: string[];
  /** Their lines since then, merged by time. One that cannot be read is told and left out. */
  lines: AsyncIterable<LogLine[]>;
}

/** What the engine still has of all watched containers since `sinceMs` (clock ms). Rejects with an EngineError when it cannot be asked at all. */
export async function historiesOf(docker: Dockerode, names: readonly string[], sinceMs: number, complain: (problem: string) => void): Promise<Histories> {
  const listed = await new Engine(docker).list();
  const project = await ownProject(docker, hostname());
  const containers = [...new Set(chooseWatched(listed, names, project).map(({ name }) => name))];
  const each = containers.map((name) => tolerant(readHistoryBatches(docker, name, { clock: realClock, sinceMs, project }), (error) => complain(`the log of ${name} cannot be read: ${error.message}`)));
  return { containers, lines: mergeBatchesByTime(...each) };
}

async function* tolerant<T>(batches: AsyncIterable<T>, failed: (error: Error) => void): AsyncGenerator<T> {
  try {
    yield* batches;
  } catch (error) {
    failed(error as Error);
  }
}

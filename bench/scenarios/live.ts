import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { docker, testSocket } from '../../test/lab/engine.ts';
import { median, timed, type Ran } from '../measure.ts';
import { SEED, runsOf, scaled, type Bench, type Scenario } from '../scenario.ts';
import { aim, fixed, megabytes, percent, thousands, type Table } from '../table.ts';
import { needed } from '../tools.ts';
import { sessionNames, traceLines, writeTrace, type Trace } from '../trace.ts';
import { emptyReplay, program, replayCommand } from '../us.ts';

const SESSIONS = 200;
const LINES = { mixed: 600_000, worst: 150_000 } as const;
const LEAST_SHARE = 0.9;
const MOST_CPU = 1.5;
const LEAST_ENGINE = 3;

/** A container that wrote a trace, read through the engine's socket: by `docker logs > /dev/null` and by us, in turn. */
export const live: Scenario = {
  name: 'live',
  async run(bench) {
    if (!bench.lab.engine) throw new Error(`no Docker engine here: ${bench.lab.missing.engine ?? 'none was found'}`);
    const tables: Table[] = [];
    for (const kind of ['mixed', 'worst'] as const) {
      const trace = await writeTrace(join(bench.folder, `live-${kind}`), traceLines({ kind, lines: scaled(bench, LINES[kind]), sessions: SESSIONS, seed: SEED }));
      const container = `bench-live-${kind}-${process.pid}`;
      try {
        bench.say(`live: a container writes the ${kind} trace`);
        await written(container, trace);
        tables.push(await tableOf(kind, container, trace, bench));
      } finally {
        await docker(['rm', '-f', '-v', container]);
        for (const file of [...Object.values(trace.files), trace.all]) rmSync(file, { force: true });
      }
    }
    return tables;
  },
};

/** Resolves when the container has printed the trace, without the recording's own times, and ended. */
async function written(container: string, trace: Trace): Promise<void> {
  const ran = await docker(['run', '--name', container, '--network', 'none', '--log-driver', 'json-file', '-v', `${trace.all}:/trace:ro`, '-d', 'busybox:1.36', 'cut', '-d', ' ', '-f2-', '/trace']);
  if (ran.code !== 0) throw new Error(`the container with the trace did not start: ${ran.stderr}`);
  await docker(['wait', container]);
}

async function tableOf(kind: 'mixed' | 'worst', container: string, trace: Trace, bench: Bench): Promise<Table> {
  const time = needed(bench.tools, 'time');
  const host = `unix://${testSocket()}`;
  const sessions = sessionNames(SESSIONS);
  const [theirs, ours, reading]: [Ran[], Ran[], number[]] = [[], [], []];
  // In turn, so that what else the machine does falls on both.
  for (let run = 0; run < runsOf(bench); run++) {
    bench.say(`live: ${kind}, run ${run + 1}`);
    theirs.push(await timed(time, { program: 'docker', args: ['logs', container], env: { DOCKER_HOST: host } }, { quiet: true }));
    const ran = await timed(time, program('watch.ts', host, container, String(trace.lines), sessions.join(',')));
    const { lines, seconds } = JSON.parse(ran.stdout) as { lines: number; seconds: number };
    if (lines !== trace.lines) throw new Error(`${trace.lines} lines were written and ${lines} read`);
    ours.push(ran);
    reading.push(seconds);
  }
  const engine = await timed(time, replayCommand(trace, sessions), { quiet: true });
  const idle = await timed(time, emptyReplay(sessions), { quiet: true });
  const [wall, theirWall] = [median(reading), median(theirs.map((run) => run.wallS))];
  const cpuRatio = median(ours.map((run, index) => run.cpuS / theirs[index]!.cpuS));
  const share = median(reading.map((seconds, index) => theirs[index]!.wallS / seconds));
  const speed = trace.lines / (engine.wallS - idle.wallS) / (trace.lines / theirWall);
  const row = (name: string, runs: readonly Ran[], wallS: number): string[] =>
    [name, thousands(trace.lines / wallS), fixed(trace.bytes / wallS / 1e6), fixed((median(runs.map((run) => run.cpuS)) / trace.lines) * 1e6, 2), megabytes(median(runs.map((run) => run.peakMb)))];
  return {
    title: `Live through the engine's socket, ${kind} trace`,
    columns: ['program', 'lines/s', 'MB/s', 'CPU s per million lines', 'peak memory'],
    rows: [row('docker logs > /dev/null', theirs, theirWall), row('auto-fix-sessions (watch, detect, store)', ours, wall)],
    notes: [
      `${thousands(trace.lines)} lines that a container wrote; median of ${runsOf(bench)} run(s) in turn. Our lines/s are from the first look at the engine to the last line, CPU and memory of the whole process with its start (compiled code, as in the image). All lines were seen. The container has ended: ours is the catch-up reading, not the one that follows.`,
      aim(`at least ${percent(LEAST_SHARE)} of what docker logs reads`, percent(share), share >= LEAST_SHARE),
      aim(`at most ${MOST_CPU} times its CPU`, `${fixed(cpuRatio, 2)} times`, cpuRatio <= MOST_CPU),
      aim(`the engine alone at least ${LEAST_ENGINE} times what the socket delivers`, `${fixed(speed)} times`, speed >= LEAST_ENGINE),
    ],
  };
}

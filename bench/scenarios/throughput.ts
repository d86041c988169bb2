import { join } from 'node:path';
import { copyLines } from '../copy-lines.ts';
import { medianOf, timed, type Command, type Ran } from '../measure.ts';
import { peersOf } from '../peers/all.ts';
import type { Peer } from '../peers/peer.ts';
import { SEED, runsOf, scaled, type Bench, type Scenario } from '../scenario.ts';
import { aim, fixed, megabytes, thousands, type Table } from '../table.ts';
import { needed } from '../tools.ts';
import { HIT_SHARE, sessionNames, traceLines, writeTrace, type Trace } from '../trace.ts';
import { emptyReplay, replayCommand } from '../us.ts';

const SESSIONS = 200;
const LINES = { mixed: 2_000_000, worst: 200_000 } as const;
/** The aims of the engine against the mixed trace and against SEC. */
const AIM = { linesPerS: 1_000_000, timesSec: { 1: 4, 10: 10 } } as const;

/** Whole processes over recorded logs: ours with every shipped pattern, the peers with one rule and with ten. */
export const throughput: Scenario = {
  name: 'throughput',
  async run(bench) {
    const tables: Table[] = [];
    for (const kind of ['mixed', 'worst'] as const) {
      bench.say(`throughput: writing the ${kind} trace`);
      const trace = await writeTrace(join(bench.folder, kind), traceLines({ kind, lines: scaled(bench, LINES[kind]), sessions: SESSIONS, seed: SEED }));
      tables.push(await tableOf(kind, trace, bench));
    }
    return tables;
  },
};

async function tableOf(kind: 'mixed' | 'worst', trace: Trace, bench: Bench): Promise<Table> {
  const measure = (command: Command): Promise<Ran> => medianOf(runsOf(bench), () => timed(needed(bench.tools, 'time'), command, { quiet: true }));
  const sessions = sessionNames(SESSIONS);
  bench.say(`throughput: auto-fix-sessions, ${kind}`);
  await timed(needed(bench.tools, 'time'), emptyReplay(sessions), { quiet: true });
  const ours = await measure(replayCommand(trace, sessions));
  const start = await measure(emptyReplay(sessions));
  const running = trace.lines / (ours.wallS - start.wallS);
  const rows = [rowOf('auto-fix-sessions, all shipped patterns', trace.lines, trace.bytes, ours), rowOf('the same without its start', trace.lines, trace.bytes, { ...ours, wallS: ours.wallS - start.wallS, cpuS: ours.cpuS - start.cpuS })];
  const { peers, missing } = peersOf(bench);
  const secRates = new Map<number, number>();
  for (const peer of peers) {
    for (const rules of [1, 10] as const) {
      const part = partOf(trace, peer, bench);
      bench.say(`throughput: ${peer.name}, ${rules} rule${rules === 1 ? '' : 's'}, ${kind}`);
      const cost = await measure(peer.command(part.file, rules));
      if (peer.name === 'SEC') secRates.set(rules, part.lines / cost.wallS);
      rows.push(rowOf(`${peer.name}, ${rules} rule${rules === 1 ? '' : 's'}${part.lines < trace.lines ? ` (first ${thousands(part.lines)} lines)` : ''}`, part.lines, part.bytes, cost));
    }
  }
  const whole = trace.lines / ours.wallS;
  return {
    title: kind === 'mixed' ? 'Throughput, mixed trace' : 'Throughput, worst trace',
    columns: ['program', 'lines/s', 'MB/s', 'CPU s per million lines', 'peak memory'],
    rows,
    notes: [
      `${thousands(trace.lines)} lines (${Math.round(trace.bytes / trace.lines)} bytes each in the mean), ${SESSIONS} sessions, ${HIT_SHARE * 100} % hits; ${kind === 'mixed' ? 'both containers\' everyday lines, colours included' : 'full presence payloads; one in ten holds a word that the trouble patterns look for, so its JSON is read'}. Whole processes with their start (ours with compiled code, as in the image), median of ${runsOf(bench)} run(s).`,
      ...(kind === 'mixed' ? [aim('1,000,000 lines/s with all shipped patterns', `${thousands(running)} without the start, ${thousands(whole)} with it`, running >= AIM.linesPerS)] : ['The aim for this trace is three times what the socket delivers: see the live tables.']),
      ...[...secRates].map(([rules, rate]) => aim(`${AIM.timesSec[rules as 1 | 10]} times SEC with ${rules} rule(s)`, `${fixed(whole / rate)} times`, whole / rate >= AIM.timesSec[rules as 1 | 10])),
      ...missing,
    ],
  };
}

const rowOf = (name: string, lines: number, bytes: number, cost: Ran): string[] =>
  [name, thousands(lines / cost.wallS), fixed(bytes / cost.wallS / 1e6), fixed((cost.cpuS / lines) * 1e6, 2), megabytes(cost.peakMb)];

/** The trace's beginning for a peer that would need minutes for all of it. */
function partOf(trace: Trace, peer: Peer, bench: Bench): { file: string; lines: number; bytes: number } {
  const lines = scaled(bench, peer.linesAtMost);
  if (trace.lines <= lines) return { file: trace.all, lines: trace.lines, bytes: trace.bytes };
  const file = `${trace.all}.first-${lines}`;
  return { file, lines, bytes: copyLines(trace.all, file, lines) };
}

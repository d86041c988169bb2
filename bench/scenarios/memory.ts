import { join } from 'node:path';
import { timed } from '../measure.ts';
import { SEED, scaled, type Scenario } from '../scenario.ts';
import { aim, fixed, megabytes, thousands } from '../table.ts';
import { needed } from '../tools.ts';
import { sessionNames, traceLines, writeTrace } from '../trace.ts';
import { replayCommand } from '../us.ts';

const SESSIONS = 10_000;
const LENGTHS = [1_000_000, 5_000_000];
const MOST_MB = 160;

/** Peak memory over long recordings with many sessions: a longer one must not need more. */
export const memory: Scenario = {
  name: 'memory',
  async run(bench) {
    const peaks: number[] = [];
    const rows: string[][] = [];
    for (const full of LENGTHS) {
      const lines = scaled(bench, full);
      bench.say(`memory: ${thousands(lines)} lines, ${thousands(SESSIONS)} sessions`);
      const trace = await writeTrace(join(bench.folder, 'memory'), traceLines({ kind: 'mixed', lines, sessions: SESSIONS, seed: SEED + 2 }));
      const cost = await timed(needed(bench.tools, 'time'), replayCommand(trace, sessionNames(SESSIONS)), { quiet: true });
      peaks.push(cost.peakMb);
      rows.push([thousands(lines), thousands(SESSIONS), megabytes(cost.peakMb), fixed(cost.wallS)]);
    }
    const last = peaks.at(-1)!;
    return [{
      title: 'Memory over long recordings',
      columns: ['lines', 'sessions', 'peak memory', 'seconds'],
      rows,
      notes: [aim(`flat, and under ${MOST_MB} MB`, `${megabytes(last)} at the longest, ${fixed(last / peaks[0]!, 2)} times the shorter`, last < MOST_MB && last / peaks[0]! < 1.2)],
    }];
  },
};

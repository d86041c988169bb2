import { join } from 'node:path';
import { KINDS, caseLines, makeCases, score, type Case, type Verdicts } from '../cases.ts';
import { timed, type Command } from '../measure.ts';
import { peersOf } from '../peers/all.ts';
import { SEED, scaled, type Scenario } from '../scenario.ts';
import { aim, type Table } from '../table.ts';
import { needed } from '../tools.ts';
import { writeTrace } from '../trace.ts';
import { firstDecisions, replayCommand } from '../us.ts';

const CASES_PER_KIND = 500;

/** How many sessions each program judges rightly, kind by kind. */
export const decisions: Scenario = {
  name: 'decisions',
  async run(bench) {
    const cases = makeCases(scaled(bench, CASES_PER_KIND), SEED);
    const trace = await writeTrace(join(bench.folder, 'cases'), caseLines(cases, SEED + 1));
    const judged = async (command: Command, verdicts: (printed: string) => Verdicts): Promise<Verdicts> => {
      const ran = await timed(needed(bench.tools, 'time'), command);
      return verdicts(ran.stdout + ran.stderr);
    };
    const ours = await timed(needed(bench.tools, 'time'), replayCommand(trace, cases.map((one) => one.session)));
    const rows = [rowOf('auto-fix-sessions', cases, firstDecisions(ours.stdout))];
    const { peers, missing } = peersOf(bench);
    for (const peer of peers) {
      for (const { how, command, timeless } of peer.judges) {
        bench.say(`decisions: ${peer.name}, ${how}`);
        const fired = await judged(command(trace.all), peer.verdicts);
        rows.push(rowOf(`${peer.name}, ${how}`, cases, timeless ? new Map([...fired.keys()].map((session) => [session, Number.NaN])) : fired));
      }
    }
    return [tableOf(cases, rows, missing)];
  },
};

function rowOf(name: string, cases: readonly Case[], fired: Verdicts): string[] {
  const table = score(cases, fired);
  const total = [...table.values()].reduce((sum, { right, of }) => ({ right: sum.right + right, of: sum.of + of }), { right: 0, of: 0 });
  return [name, ...KINDS.map((kind) => `${table.get(kind)!.right}/${table.get(kind)!.of}`), `${total.right}/${total.of}`];
}

function tableOf(cases: readonly Case[], rows: string[][], missing: string[]): Table {
  const ours = rows[0]!.at(-1)!;
  return {
    title: 'Decisions right out of all',
    columns: ['program', ...KINDS, 'all'],
    rows,
    notes: [
      `One session per case, ${cases.filter((one) => one.fires !== null).length} of ${cases.length} must fire: at the sixth cause inside five minutes, not before, not without. Right is the right verdict within one second of the right line. The oracle counts every window the slow way.`,
      'Burst: 6 to 12 in under four minutes. Exactly five minutes: the first of six is 300,000 ms old (nothing) or 299,999 ms (fires). Straddle: three before and three after a five-minute boundary. Steady below: one every 60.05 s (or 62 s) for an hour. Backlog: one every 1 to 10 minutes for hours, read within a moment. One cause, many lines: three to five causes, each told by three lines within a second.',
      'Peers know no causes, and all but CrowdSec count whole seconds; each is set to count lines per session with a threshold of six in 300 s, the nearest it has. SEC and swatchdog get the lines\' own clock by a Perl module of the bench, fail2ban\'s filter and fail manager run under a small driver without its polling waits.',
      aim('every decision right', ours, ours.split('/')[0] === ours.split('/')[1]),
      ...missing,
    ],
  };
}

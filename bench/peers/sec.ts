import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../measure.ts';
import { COUNT, TEN, WINDOW_S, firedLines, troublePattern, type Peer } from './peer.ts';

const CLOCK = join(import.meta.dirname, 'perl');
const GROUP = String.raw`([^:\]]+)`;

const rule = (pattern: string): string => `type=SingleWithThreshold
ptype=RegExp
pattern=${pattern}
desc=disconnect $1
action=write - FIRED $1 %u
window=${WINDOW_S}
thresh=${COUNT}
`;
/** SEC counts in arrival time; a rule in front can hand it the line's own. */
const CLOCK_RULE = `type=Single
ptype=PerlFunc
pattern=sub { BenchClock::at($_[0]); return 0; }
desc=clock
action=none
`;

/** SEC, the simple event correlator: SingleWithThreshold, one operation per session. */
export function sec(program: string, folder: string): Peer {
  const configs = {
    1: write(folder, 'one', rule(troublePattern(GROUP))),
    10: write(folder, 'ten', TEN.map((word) => rule(troublePattern(GROUP, [word]))).join('\n')),
    clock: write(folder, 'clock', `${CLOCK_RULE}\n${rule(troublePattern(GROUP))}`),
  };
  const command = (file: string, config: string): Command => ({ program, args: [`--conf=${config}`, `--input=${file}`, '--notail', '--nointevents'] });
  return {
    name: 'SEC',
    linesAtMost: 2_000_000,
    command: (file, rules) => command(file, configs[rules]),
    judges: [
      { how: 'as it runs (arrival time)', timeless: true, command: (file) => command(file, configs[1]) },
      { how: 'given the lines\' own clock', command: (file) => ({ ...command(file, configs.clock), env: { PERL5LIB: CLOCK, PERL5OPT: '-MBenchClock' } }) },
    ],
    verdicts: (printed) => firedLines(printed, /^FIRED (\S+) (\S+)/),
  };
}

function write(folder: string, name: string, text: string): string {
  const path = join(folder, `sec-${name}.conf`);
  writeFileSync(path, text);
  return path;
}

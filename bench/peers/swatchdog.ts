import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../measure.ts';
import { COUNT, TEN, WINDOW_S, firedLines, troublePattern, type Peer } from './peer.ts';

const CLOCK = join(import.meta.dirname, 'perl');
const GROUP = String.raw`([^:\]]+)`;

const watch = (pattern: string, trackBy = '$1'): string => `watchfor /${pattern}/
  threshold track_by=${trackBy},type=threshold,count=${COUNT},seconds=${WINDOW_S}
  echo
`;

/** swatchdog: one `threshold` per session. Its modules lie below `root`. */
export function swatchdog(program: string, root: string, folder: string): Peer {
  const configs = {
    1: write(folder, 'one', watch(troublePattern(GROUP))),
    10: write(folder, 'ten', TEN.map((word) => watch(troublePattern(GROUP, [word]))).join('\n')),
    // The key is a text in which Perl is evaluated: the clock is set on the way.
    clock: write(folder, 'clock', watch(troublePattern(GROUP), '@{[BenchClock::at($_)]}$1')),
  };
  const scripts = join(folder, 'swatchdog');
  mkdirSync(scripts, { recursive: true });
  const libraries = [join(root, 'usr/share/perl5'), join(root, 'usr/lib/x86_64-linux-gnu/perl5/5.36'), CLOCK].join(':');
  const command = (file: string, config: string): Command => ({
    program, args: [`--config-file=${config}`, `--examine=${file}`, `--script-dir=${scripts}`], env: { PERL5LIB: libraries },
  });
  return {
    name: 'swatchdog',
    linesAtMost: 2_000_000,
    command: (file, rules) => command(file, configs[rules]),
    judges: [
      { how: 'as it runs (arrival time)', command: (file) => command(file, configs[1]) },
      { how: 'given the lines\' own clock', command: (file) => ({ ...command(file, configs.clock), env: { PERL5LIB: libraries, PERL5OPT: '-MBenchClock' } }) },
    ],
    verdicts: (printed) => firedLines(swapped(printed), /^(\S+) (\S+)$/),
  };
}

/** `<time> … [session:client] …` to `session time`. */
const swapped = (printed: string): string => printed.replace(/^.*?(\d{4}-\d\d-\d\dT[\d:.]+)Z .*\[([^:\]]+):\w+\] .*$/gm, '$2 $1');

function write(folder: string, name: string, text: string): string {
  const path = join(folder, `swatchdog-${name}.conf`);
  writeFileSync(path, text);
  return path;
}

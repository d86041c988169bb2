import { join } from 'node:path';
import type { Command } from '../measure.ts';
import { TEN, firedLines, troublePattern, type Peer } from './peer.ts';

const PROGRAM = join(import.meta.dirname, 'fail2ban_on_a_log.py');
/** Debian's own Python: the package's modules are made for it. */
const PYTHON = '/usr/bin/python3';
const GROUP = String.raw`<F-ID>[^:\]]+</F-ID>`;

/** fail2ban's filter and fail manager (findtime 300, maxretry 6, the session as id), without its polling waits. */
export function fail2ban(root: string): Peer {
  const command = (file: string, patterns: readonly string[]): Command => ({
    program: PYTHON, args: [PROGRAM, file, ...patterns],
    env: { PYTHONPATH: join(root, 'usr/lib/python3/dist-packages'), PYTHONDONTWRITEBYTECODE: '1' },
  });
  const one = (file: string): Command => command(file, [troublePattern(GROUP)]);
  return {
    name: 'fail2ban',
    linesAtMost: 200_000,
    command: (file, rules) => (rules === 1 ? one(file) : command(file, TEN.map((word) => troublePattern(GROUP, [word])))),
    judges: [{ how: 'on the lines\' own clock', command: one }],
    verdicts: (printed) => firedLines(printed, /^FIRED (\S+) (\d+(?:\.\d+)?)$/),
  };
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from './measure.ts';
import type { Trace } from './trace.ts';

export const CHECKOUT = join(import.meta.dirname, '..');
const CLI = join(CHECKOUT, 'sidecar/cli.ts');
/** Node's flags as the image starts it. */
export const FLAGS: readonly string[] = imageFlags(readFileSync(join(CHECKOUT, 'Dockerfile'), 'utf8'));

/** `auto-fix replay` over both containers' recordings: merge, lines, patterns, windows, decisions. */
export const replayCommand = (trace: Trace, sessions: readonly string[]): Command => ({
  program: process.execPath,
  args: [...FLAGS, CLI, 'replay', ...Object.entries(trace.files).map(([container, file]) => `${container}=${file}`), '--sessions', sessions.join(',')],
});

export const program = (name: string, ...args: string[]): Command => ({ program: process.execPath, args: [...FLAGS, join(import.meta.dirname, 'programs', name), ...args] });

/** Session to the time (ms) of its first decision, whatever was decided. */
export function firstDecisions(stdout: string): Map<string, number> {
  const fired = new Map<string, number>();
  for (const line of stdout.split('\n')) {
    if (line === '') continue;
    const { session, at } = JSON.parse(line) as { session: string; at: string };
    if (!fired.has(session)) fired.set(session, Date.parse(at));
  }
  return fired;
}

/** The flags between `exec node` and the program in the Dockerfile. Throws when it starts the sidecar in another way. */
export function imageFlags(dockerfile: string): string[] {
  const flags = /exec node ((?:--\S+ )*)\/app\//.exec(dockerfile)?.[1];
  if (flags === undefined) throw new Error('the Dockerfile starts Node in a way the bench does not know: see bench/us.ts');
  return flags.split(' ').filter(Boolean);
}

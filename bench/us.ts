import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../test/lab/bring-up/shell.ts';
import type { Command } from './measure.ts';
import type { Trace } from './trace.ts';

export const CHECKOUT = join(import.meta.dirname, '..');
const CLI = join(CHECKOUT, 'sidecar/cli.ts');
/** Node's flags as the image starts it. */
const DOCKERFILE = readFileSync(join(CHECKOUT, 'Dockerfile'), 'utf8');
export const FLAGS: readonly string[] = imageFlags(DOCKERFILE);
/** And with the environment the image gives it: its compiled code lies beside the checkout. */
export const ENVIRONMENT: Record<string, string> = imageEnvironment(DOCKERFILE, join(CHECKOUT, '.lab/bench-compiled'));

/** As the image's build does, so that what is measured strips and compiles nothing. */
export async function compileAhead(): Promise<void> {
  await must(process.execPath, [...FLAGS, join(CHECKOUT, 'sidecar/compile-ahead.ts')], { env: ENVIRONMENT });
  await must(process.execPath, [...FLAGS, CLI, '--help'], { env: ENVIRONMENT });
}

/** `auto-fix replay` over both containers' recordings: merge, lines, patterns, windows, decisions. */
export const replayCommand = (trace: Pick<Trace, 'files'>, sessions: readonly string[]): Command => ({
  program: process.execPath,
  args: [...FLAGS, CLI, 'replay', ...Object.entries(trace.files).map(([container, file]) => `${container}=${file}`), '--sessions', sessions.join(',')],
  env: ENVIRONMENT,
});

/** The same without a line: its start. */
export const emptyReplay = (sessions: readonly string[]): Command =>
  replayCommand({ files: { 'wppconnect-server': '/dev/null', 'gateway-wrapper': '/dev/null' } }, sessions);

export const program = (name: string, ...args: string[]): Command => ({ program: process.execPath, args: [...FLAGS, join(import.meta.dirname, 'programs', name), ...args], env: ENVIRONMENT });

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

/** The image's `ENV` line for Node, with the folder of its compiled code in another place. Throws when it compiles nothing ahead. */
export function imageEnvironment(dockerfile: string, compiled: string): Record<string, string> {
  const set = /^ENV (NODE_ENV=\S+ NODE_COMPILE_CACHE=\S+)$/m.exec(dockerfile)?.[1];
  if (set === undefined) throw new Error('the Dockerfile compiles nothing ahead, or in a way the bench does not know: see bench/us.ts');
  return { ...Object.fromEntries(set.split(' ').map((one) => one.split('='))), NODE_COMPILE_CACHE: compiled };
}

/** The flags between `exec node` and the program in the Dockerfile. Throws when it starts the sidecar in another way. */
export function imageFlags(dockerfile: string): string[] {
  const flags = /exec node ((?:--\S+ )*)\/app\//.exec(dockerfile)?.[1];
  if (flags === undefined) throw new Error('the Dockerfile starts Node in a way the bench does not know: see bench/us.ts');
  return flags.split(' ').filter(Boolean);
}

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { DidNotHappen } from './scene.ts';

export const CHECKOUT = join(import.meta.dirname, '../../..');
const CLI = join(CHECKOUT, 'sidecar/cli.ts');

/** Runs a verb in a process of its own with the operator's settings; resolves with its stdout. */
export async function runCommand(words: readonly string[], env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, [CLI, ...words], { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new DidNotHappen(`auto-fix ${words[0]} ended with ${code}: ${(stdout + stderr).trim()}`);
  return stdout;
}

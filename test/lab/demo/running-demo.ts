import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { waitFor } from '../engine.ts';

const DEMO = join(import.meta.dirname, '../demo.ts');
/** The whole story takes 20 s on an idle machine. */
export const STORY_MS = 120_000;

/** The demo as a process, with a temporary folder of its own. */
export function startDemo(temporary: string, ...args: string[]) {
  const child = spawn(process.execPath, [DEMO, ...args], { env: { ...process.env, TMPDIR: temporary }, stdio: ['ignore', 'pipe', 'pipe'] });
  const seen = { text: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (seen.text += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (seen.stderr += text));
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const says = (words: string) => waitFor(() => {
    if (child.exitCode !== null && !seen.text.includes(words)) throw new Error(`it ended with ${child.exitCode}:\n${seen.text}${seen.stderr}`);
    return seen.text.includes(words);
  }, `the demo to say "${words}"`, { withinMs: STORY_MS });
  return { child, seen, code, says };
}

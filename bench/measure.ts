import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a whole process cost, from its start to its end, as the kernel accounts it (GNU time). */
export interface Cost {
  wallS: number;
  /** User and system seconds. */
  cpuS: number;
  /** Peak resident memory of the largest process among it and its children, MB. */
  peakMb: number;
  code: number;
}

export interface Command {
  program: string;
  args: readonly string[];
  env?: Record<string, string>;
  cwd?: string;
}

export interface Ran extends Cost {
  stdout: string;
  stderr: string;
}

/**
 * Runs a command under GNU time. `stdout` is collected, or goes to /dev/null when `quiet`. Rejects when it ends with
 * another code than 0, with its last words.
 */
export async function timed(time: string, command: Command, { quiet = false } = {}): Promise<Ran> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-'));
  const [report, out, err] = ['time', 'out', 'err'].map((name) => join(dir, name)) as [string, string, string];
  // To files, not pipes: a reader beside it would take a share of two cores.
  const files = [openSync(quiet ? '/dev/null' : out, 'w'), openSync(err, 'w')] as const;
  try {
    const child = spawn(time, ['-o', report, '-f', '%e %U %S %M', command.program, ...command.args], {
      cwd: command.cwd, env: { ...process.env, ...command.env }, stdio: ['ignore', ...files],
    });
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 1));
    });
    const stderr = readFileSync(err, 'utf8');
    if (code !== 0) throw new Error(`${command.program} ended with code ${code}: ${stderr.trim().split('\n').slice(-5).join('\n')}`);
    return { ...readReport(readFileSync(report, 'utf8')), code, stdout: quiet ? '' : readFileSync(out, 'utf8'), stderr };
  } finally {
    files.forEach(closeSync);
    rmSync(dir, { recursive: true, force: true });
  }
}

/** `wall user system peakKB` on the last line; a line about the exit code may stand before it. */
export function readReport(text: string): Omit<Cost, 'code'> {
  const [wall, user, system, peakKb] = text.trim().split('\n').at(-1)!.split(' ').map(Number);
  if (![wall, user, system, peakKb].every(Number.isFinite)) throw new Error(`GNU time reported something else than expected: ${text}`);
  return { wallS: wall!, cpuS: user! + system!, peakMb: peakKb! / 1024 };
}

/** Each figure's own median; the last run's output. */
export async function medianOf(runs: number, once: () => Promise<Ran>): Promise<Ran> {
  const all: Ran[] = [];
  for (let run = 0; run < runs; run++) all.push(await once());
  return { ...all.at(-1)!, wallS: median(all.map((run) => run.wallS)), cpuS: median(all.map((run) => run.cpuS)), peakMb: median(all.map((run) => run.peakMb)) };
}

export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** The value below which that share lies; between two values the mean by distance. Throws on an empty list. */
export function quantile(numbers: readonly number[], share: number): number {
  if (numbers.length === 0) throw new Error('no figure was taken, so there is no median');
  const inOrder = [...numbers].sort((a, b) => a - b);
  const place = (inOrder.length - 1) * share;
  const below = Math.floor(place);
  const above = Math.min(below + 1, inOrder.length - 1);
  return inOrder[below]! + (inOrder[above]! - inOrder[below]!) * (place - below);
}

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  input?: string;
  /** The command is killed after so many milliseconds; its code is then 124, as with timeout(1). */
  deadlineMs?: number;
}

/** One line on stderr, so that stdout stays the test report. */
export type Say = (line: string) => void;

export const sayOnStderr: Say = (line) => void process.stderr.write(`bring-up: ${line}\n`);

/** Runs a command to its end and collects what it printed. Rejects only when it cannot be started. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let late = false;
    const timer = options.deadlineMs === undefined ? undefined : setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, options.deadlineMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
    // A command that ends without reading its input closes the pipe: its exit code tells, not EPIPE.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code: late ? 124 : code ?? 1, stdout, stderr });
    });
  });
}

/** As `run`, but a command that fails is an error with its last words. */
export async function must(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const ran = await run(command, args, options);
  if (ran.code === 0) return ran;
  const lastWords = (ran.stderr.trim() || ran.stdout.trim()).split('\n').slice(-5).join('\n');
  throw new Error(`${[command, ...args].join(' ').slice(0, 200)} ended with code ${ran.code}: ${lastWords}`);
}

/** Debian keeps daemons in sbin, which the PATH of a plain user's shell leaves out. */
const ALSO = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The full path of a command, or null. */
export function which(command: string): string | null {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...ALSO]) {
    if (folder && existsSync(join(folder, command))) return join(folder, command);
  }
  return null;
}

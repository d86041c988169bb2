import { fork, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, existsSync, openSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { linesOf, tempFolder, until } from './helpers.ts';

/** Node 24 of the project: it runs TypeScript as it is. */
const NODE = join(import.meta.dirname, '../../node_modules/.bin/node');
const PROGRAM = join(import.meta.dirname, 'fixtures/endless-log.ts');

function start(path: string, stdout: number | 'ignore' | 'pipe' = 'ignore', mode = ''): { child: ChildProcess; told: () => number } {
  const stdio: StdioOptions = ['ignore', stdout, 'inherit', 'ipc'];
  const child = fork(PROGRAM, [path, mode], { execPath: NODE, stdio });
  onTestFinished(() => void child.kill('SIGKILL'));
  let told = 0;
  child.on('message', (written: number) => { told = written; });
  return { child, told: () => told };
}

const numbersIn = (lines: string[]): number[] => lines.flatMap((line) => /line (\d+)$/.exec(line)?.[1] ?? []).map(Number);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe('the log of a program', () => {
  it('is complete after SIGTERM, down to its last word', async () => {
    const path = join(tempFolder(), 'a.log');
    const { child, told } = start(path);
    await until(() => told() >= 1_000);
    child.kill('SIGTERM');
    await once(child, 'exit');
    const lines = linesOf(path);
    expect(lines.at(-1)).toMatch(/\] stopping$/);
    expect(numbersIn(lines)).toEqual(upTo(lines.length - 1));
    expect(lines.length - 1).toBeGreaterThanOrEqual(told());
  });

  it('holds every line it had told of when it is killed', async () => {
    const path = join(tempFolder(), 'a.log');
    const { child, told } = start(path);
    await until(() => told() >= 1_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(numbersIn(linesOf(path)).length).toBeGreaterThanOrEqual(told());
  });

  it('misses no line and has none twice while the file is moved away under it', async () => {
    const path = join(tempFolder(), 'a.log');
    const { child, told } = start(path);
    for (let moved = 1; moved <= 5; moved++) {
      await until(() => told() >= moved * 500 && existsSync(path));
      renameSync(path, `${path}.moved${moved}`);
    }
    await until(() => told() >= 3_000);
    child.kill('SIGTERM');
    await once(child, 'exit');
    const all = [...[1, 2, 3, 4, 5].flatMap((n) => linesOf(`${path}.moved${n}`)), ...linesOf(path)];
    expect(numbersIn(all)).toEqual(upTo(all.length - 1));
  });

  it('goes on while the file is truncated and deleted under it', async () => {
    const path = join(tempFolder(), 'a.log');
    const { child, told } = start(path);
    await until(() => told() >= 500);
    truncateSync(path, 0);
    await until(() => told() >= 1_000);
    rmSync(path);
    const whenDeleted = told();
    await until(() => told() >= whenDeleted + 1_000);
    child.kill('SIGTERM');
    await once(child, 'exit');
    const numbers = numbersIn(linesOf(path));
    expect(linesOf(path).at(-1)).toMatch(/\] stopping$/);
    expect(numbers).toEqual(upTo(numbers.at(-1)!).slice(numbers[0]! - 1));
  });

  it.each(['a full disk', 'nobody'])('is written on when stdout leads to %s', async (where) => {
    const path = join(tempFolder(), 'a.log');
    const full = openSync('/dev/full', 'w');
    onTestFinished(() => closeSync(full));
    const { child, told } = start(path, where === 'nobody' ? 'pipe' : full, 'json');
    child.stdout?.destroy();
    await until(() => told() >= 500);
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    expect(linesOf(path).at(-1)).toMatch(/\] stopping$/);
    expect(linesOf(path).filter((line) => line.includes('stdout cannot be written'))).toHaveLength(1);
  });
});

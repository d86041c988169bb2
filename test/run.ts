import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bringUp, type Lab } from './lab/bring-up/bring-up.ts';
import { leftOut } from './lab/bring-up/left-out.ts';
import { summaryOf, type Summary, type VitestReport } from './lab/bring-up/summary.ts';

const root = join(import.meta.dirname, '..');
const onCi = process.env.CI === 'true';

const lab = await bringUp();
const without = leftOut(root, lab.missing);
for (const { what, why } of without) process.stderr.write(`left out: ${what}: ${why}\n`);

let summary: Summary;
try {
  summary = await runVitest(lab, without.flatMap(({ globs }) => globs), process.argv.slice(2));
} finally {
  await lab.release();
}
// On a build machine a test that did not run is a test that did not pass.
if (summary.exitCode !== 0 || (onCi && without.length > 0)) process.exitCode = 1;
process.stdout.write(`${summary.line}\n`);

async function runVitest(on: Lab, globs: readonly string[], args: readonly string[]): Promise<Summary> {
  const reportFile = join(root, `.lab/report-${process.pid}.json`);
  mkdirSync(join(root, '.lab'), { recursive: true });
  const exitCode = await passThrough(process.execPath, [
    join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`, ...args,
  ], { ...process.env, ...on.env, AUTO_FIX_TEST_LEFT_OUT: globs.join('\n') });
  try {
    return summaryOf(JSON.parse(readFileSync(reportFile, 'utf8')) as VitestReport, exitCode);
  } catch (error) {
    process.stderr.write(`vitest left no report (${error instanceof Error ? error.message : String(error)}): its own words stand above\n`);
    return { line: '0 passed, 1 failed', exitCode: exitCode || 1 };
  } finally {
    rmSync(reportFile, { force: true });
  }
}

/** Runs a program on our stdout and stderr; a signal to us ends it, and we still release what we brought up. */
function passThrough(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        // Ctrl-C in a terminal reaches the whole process group, vitest with it.
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

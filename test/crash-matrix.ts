import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** The whole crash matrix on the real engine: every point of every task, then `--kills` more at random instants. */
const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' }, kills: { type: 'string', default: '100' } } });
for (const [option, given] of Object.entries(values)) {
  if (/^\d{1,9}$/.test(given)) continue;
  process.stderr.write(`--${option} ${given.slice(0, 40)}: expected a whole number; npm run crash-matrix -- --seed 7 --kills 200\n`);
  process.exit(2);
}
const child = spawn(process.execPath, [join(import.meta.dirname, 'run.ts'), 'test/e2e/crash-matrix.test.ts'], {
  stdio: 'inherit', env: { ...process.env, AUTO_FIX_TEST_SEED: values.seed, AUTO_FIX_TEST_KILLS: values.kills },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.once('close', (code) => (process.exitCode = code ?? 1));

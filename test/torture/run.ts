import { parseArgs } from 'node:util';
import { bringUp } from '../lab/bring-up/bring-up.ts';
import { torture, type TortureResult } from './torture.ts';

/** Streams cut on a seeded plan, on an engine of its own, and every line counted. */
const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' }, minutes: { type: 'string', default: '3' }, lines: { type: 'string', default: '200000' }, cuts: { type: 'string', default: '100' } } });
for (const [option, given] of Object.entries(values)) {
  if (/^\d{1,9}$/.test(given)) continue;
  process.stderr.write(`--${option} ${given.slice(0, 40)}: expected a whole number; npm run torture -- --seed 7 --minutes 5\n`);
  process.exit(2);
}
const [seed, minutes, lines, cuts] = [values.seed, values.minutes, values.lines, values.cuts].map(Number) as [number, number, number, number];

const lab = await bringUp();
try {
  if (!lab.engine) throw new Error(`no Docker engine here: ${lab.missing.engine}`);
  Object.assign(process.env, lab.env);
  console.log(`seed ${seed}, at least ${minutes} minutes, ${lines} lines, ${cuts} cuts`);
  const result = await torture({ seed, minutes, lines, cuts, engineEnds: true, tell: console.log });
  tell(result);
  process.exitCode = isExact(result) ? 0 : 1;
} finally {
  await lab.release();
}

function tell({ actions, examples, hits, ...result }: TortureResult): void {
  console.log(Object.entries(actions).map(([action, times]) => `${action} ${times}`).join(', '));
  for (const example of examples) console.log(`  ${example}`);
  console.log(`written ${result.written} / seen once ${result.seenOnce} / lost ${result.lost} / twice ${result.twice} (${result.cuts} cuts)`);
  console.log(`hits of a sidecar killed ${actions['kill sidecar'] ?? 0} times: printed ${hits.written} / stored ${hits.stored} / never printed ${hits.invented}`);
}

function isExact({ lost, twice, hits }: TortureResult): boolean {
  return lost === 0 && twice === 0 && hits.stored === hits.written && hits.invented === 0;
}

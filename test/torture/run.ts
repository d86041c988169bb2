import { parseArgs } from 'node:util';
import { torture } from './torture.ts';

const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' }, minutes: { type: 'string', default: '3' }, lines: { type: 'string', default: '200000' }, cuts: { type: 'string', default: '100' } } });
const seed = Number(values.seed);
console.log(`seed ${seed}, at least ${values.minutes} minutes, ${values.lines} lines, ${values.cuts} cuts`);
const result = await torture({ seed, minutes: Number(values.minutes), lines: Number(values.lines), cuts: Number(values.cuts), engineEnds: true, tell: console.log });
console.log(Object.entries(result.actions).map(([action, times]) => `${action} ${times}`).join(', '));
for (const example of result.examples) console.log(`  ${example}`);
console.log(`written ${result.written} / seen once ${result.seenOnce} / lost ${result.lost} / twice ${result.twice} (${result.cuts} cuts)`);
console.log(`hits of a sidecar killed ${result.actions['kill sidecar'] ?? 0} times: printed ${result.hits.written} / stored ${result.hits.stored} / never printed ${result.hits.invented}`);
process.exitCode = result.lost === 0 && result.twice === 0 && result.hits.stored === result.hits.written && result.hits.invented === 0 ? 0 : 1;

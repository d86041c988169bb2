import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bringUp } from '../test/lab/bring-up/bring-up.ts';
import type { Say } from '../test/lab/bring-up/shell.ts';
import { save } from './report.ts';
import type { Bench, Scenario } from './scenario.ts';
import { decisions } from './scenarios/decisions.ts';
import { idle } from './scenarios/idle.ts';
import { latency } from './scenarios/latency.ts';
import { live } from './scenarios/live.ts';
import { memory } from './scenarios/memory.ts';
import { repair } from './scenarios/repair.ts';
import { throughput } from './scenarios/throughput.ts';
import { asText } from './table.ts';
import { fetchTools } from './tools.ts';
import { CHECKOUT, compileAhead } from './us.ts';

const SCENARIOS: readonly Scenario[] = [throughput, decisions, live, memory, idle, latency, repair];
const RESULTS = join(CHECKOUT, 'bench/RESULTS.md');

const USAGE = `Usage: npm run bench [-- --quick] [--only NAME,…]

Measures this sidecar and its peers on this machine and prints one table per scenario; each that was
measured in full takes its place in bench/RESULTS.md.
  --quick       a tenth of everything, one run each: to see that it works
  --only NAMES  some of: ${SCENARIOS.map(({ name }) => name).join(', ')}
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { quick: { type: 'boolean' }, only: { type: 'string' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return process.stdout.write(USAGE), 0;
  const names = values.only?.split(',') ?? SCENARIOS.map(({ name }) => name);
  const strange = names.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (strange !== undefined) return process.stderr.write(`no scenario is called ${strange}\n${USAGE}`), 1;
  const failures = await runAll(SCENARIOS.filter(({ name }) => names.includes(name)), values.quick ?? false);
  process.stderr.write(values.quick ? 'a quick run is not written to bench/RESULTS.md\n' : 'bench/RESULTS.md holds what was measured\n');
  return failures.length === 0 ? 0 : 1;
}

async function runAll(scenarios: readonly Scenario[], quick: boolean): Promise<string[]> {
  const say: Say = (line) => void process.stderr.write(`bench: ${line}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'auto-fix-bench-'));
  const lab = await bringUp(say);
  Object.assign(process.env, lab.env);
  const failures: string[] = [];
  try {
    await compileAhead();
    const bench: Bench = { quick, folder, lab, say, tools: await fetchTools(join(CHECKOUT, '.lab/bench-tools'), say) };
    for (const scenario of scenarios) {
      try {
        const found = await scenario.run(bench);
        if (!quick) save(RESULTS, scenario.name, found, SCENARIOS.map(({ name }) => name));
        for (const table of found) process.stdout.write(`${asText(table)}\n`);
      } catch (error) {
        failures.push(scenario.name);
        process.stderr.write(`bench: ${scenario.name} could not be measured: ${(error as Error).message}\n`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await lab.release();
  }
  return failures;
}

import { parseArgs } from 'node:util';
import { loadConfig } from '../../sidecar/config.ts';
import { startSidecar, type Sidecar } from '../../sidecar/main.ts';
import { badMac } from './demo/bad-mac.ts';
import { chooseStage, type Chosen, type Wanted } from './demo/choose.ts';
import { Interruption } from './demo/interruption.ts';
import { removeLeftovers } from './demo/leftovers.ts';
import { OperatorsLog } from './demo/operators-log.ts';
import { replayed } from './demo/replayed.ts';
import { CHECKOUT, runCommand } from './demo/run-command.ts';
import { Screen } from './demo/screen.ts';
import { PACES, type Stage } from './demo/stage.ts';
import { zombie } from './demo/zombie.ts';

const USAGE = `Usage: npm run demo [-- --embedded | --engine]

A session breaks and is detected, backed up, cleared, restarted and verified before your eyes.
On the Docker engine in reach; without one (or with --embedded) in this process. Removes all it made.
`;
/** Everything is thrown away after an interruption: a repair that is under way is not worth a longer wait. */
const STOP_PATIENCE_MS = 8_000;

/** As a shell reports a program that Ctrl-C ended. */
const INTERRUPTED = 130;

const screen = new Screen();
const interruption = new Interruption(() => {
  screen.hush();
  screen.lastWords('\nInterrupted: removing what was made ...');
});
const code = await main();
process.exitCode = code;
// A scene that was left in the middle may still be waiting for its line.
if (code !== 0) process.exit();

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { embedded: { type: 'boolean' }, engine: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return process.stdout.write(USAGE), 0;
  try {
    await demo(values.embedded ? 'embedded' : values.engine ? 'engine' : 'either');
    return 0;
  } catch (error) {
    if (interruption.came) return screen.lastWords('Everything was removed; run it again any time.'), INTERRUPTED;
    screen.lastWords(`\nThe demo did not work: ${(error as Error).message}`);
    screen.lastWords('Nothing but its own stand-ins was touched. Run it again (it removes what it left), or npm run demo -- --embedded, which needs no Docker.');
    return 1;
  }
}

async function demo(wanted: Wanted): Promise<void> {
  screen.say('auto-fix-sessions: what it does when a WhatsApp session breaks.');
  const chosen = await chooseStage(wanted, (line) => screen.line(line));
  try {
    await removeLeftovers(chosen.socket, (line) => screen.line(line));
    await interruption.during(replayed({ screen, command: (...words) => runCommand(words, {}) }, CHECKOUT));
    await live(chosen);
  } finally {
    await chosen.release();
  }
}

async function live(chosen: Chosen): Promise<void> {
  screen.say(`Now live. ${chosen.words}`);
  // Waited for even after Ctrl-C: what is half up could not be removed.
  const stage = await chosen.open(interruption.signal);
  const proofs: string[] = [];
  try {
    interruption.signal.throwIfAborted();
    await onStage(stage, proofs);
  } finally {
    await stage.close();
  }
  screen.heading('What was proven');
  for (const proof of proofs) screen.proven(proof);
  screen.say('Everything the demo made was removed again: processes, containers, folders.');
  screen.say('Where to look next: README.md (add it to your stack), docs/architecture.md, npm run --silent auto-fix -- --help');
}

async function onStage(stage: Stage, proofs: string[]): Promise<void> {
  screen.say(`A repaired session is looked at after ${PACES.AUTO_FIX_VERIFY_AFTER} and again ${PACES.AUTO_FIX_SETTLE} later, so that you need not wait; by default it is left alone for 60s and must hold for 10s.`);
  screen.gap();
  await interruption.during(allConnected(stage));
  const { config, warnings } = loadConfig(stage.env);
  const log = new OperatorsLog(config.logFile, (line) => screen.line(line));
  let sidecar: Sidecar | null = null;
  try {
    sidecar = await startSidecar(config, warnings, stage.standIns);
    log.catchUp();
    const play = { stage, screen, log, proofs, command: (...words: string[]) => runCommand(words, stage.env) };
    await interruption.during(zombie(play));
    await interruption.during(badMac(play));
  } finally {
    await log.end();
    await Promise.race([sidecar?.stop(), new Promise((resolve) => setTimeout(resolve, STOP_PATIENCE_MS).unref())]);
  }
}

async function allConnected({ wpp, backend }: Stage): Promise<void> {
  const { until } = await import('./control.ts');
  for (const name of ['ImobSites', 'Pixel12 Digital']) await until(`${name} to connect`, async () => (await wpp.session(name)).status === 'CONNECTED', 60_000);
  for (const id of ['26', '27']) await until(`number ${id} to open`, async () => (await backend.session(id)).connectedSince !== null, 60_000);
}

import { join } from 'node:path';
import type { ReplayDecision } from '../../../sidecar/replay.ts';
import { expectThat, type Play } from './scene.ts';

/** What the lab's gateways print, as `docker logs -t` writes it, with times of one morning. */
const FOLDER = 'test/lab/demo/recordings';
const RECORDED = ['wppconnect-server', 'gateway-wrapper', 'whaticket-backend'];
const SESSIONS = 'ImobSites,Pixel12 Digital,26,27';

/** A recorded morning: what would have been decided, and what is rightly left alone. Acts on nothing. */
export async function replayed({ screen, command }: Pick<Play, 'screen' | 'command'>, checkout: string): Promise<void> {
  screen.heading('1. A recorded morning, read again: what would have been decided?');
  screen.say('Three containers\' logs. In them: five troubles of "ImobSites", one short of the threshold; a contact of its going on- and offline, dressed as connection updates; messages delivered twice to 27, which Baileys calls "Failed to decrypt". None of that may lead to anything. By hand it is:');
  const recordings = RECORDED.map((name) => `${name}=${FOLDER}/${name}.log`);
  for (const line of ['npm run --silent auto-fix -- replay \\', ...recordings.map((one) => `  ${one} \\`), `  --sessions '${SESSIONS}'`]) screen.asIs(line);
  screen.gap();
  const printed = await command('replay', ...RECORDED.map((name) => `${name}=${join(checkout, FOLDER, `${name}.log`)}`), '--sessions', SESSIONS);
  const decisions = printed.split('\n').filter(Boolean).map((line) => JSON.parse(line) as ReplayDecision);
  for (const decision of decisions) screen.line(inWords(decision));
  screen.gap();
  const acts = decisions.map(({ session, rung }) => `${session} ${rung}`).join(', ');
  expectThat(acts === 'Pixel12 Digital restart, 26 repair', `the recorded logs led to: ${acts || 'nothing'}`);
}

function inWords({ at, session, class: cls, count, rung, refused, patterns }: ReplayDecision): string {
  const hits = Object.entries(patterns).map(([pattern, times]) => `${pattern} ${times}`).join(', ');
  return `${at}  ${session ?? 'nobody'}: ${count} ${cls} hits (${hits}) -> ${rung ?? `left alone: ${refused}`}`;
}

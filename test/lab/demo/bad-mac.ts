import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Received } from '../stand-ins/baileys-session.ts';
import { contentsOf, counted, differences } from './contents.ts';
import { expectThat, prove, type Play } from './scene.ts';

const VICTIM = '26';
const OTHER = '27';
/** AUTO_FIX_MAX_HITS: so many are borne. */
const BORNE = 5;

/** Keys corrupt: every message fails in the real library, the sixth fires, the keys are cleared and the login is kept. */
export async function badMac(play: Play): Promise<void> {
  const { stage, screen, log } = play;
  const { backend } = stage;
  const contents = (id: string) => contentsOf(stage.baileysFolderOf(id), stage.redis, id);
  const receive = async (count: number) => (await backend.breakSession(VICTIM, 'message', { count })).result as Received[];
  const other = { view: await backend.session(OTHER), contents: await contents(OTHER) };
  const login = identityIn(stage.baileysFolderOf(VICTIM));

  screen.heading(`3. Keys of session ${VICTIM} corrupt: Bad MAC`);
  screen.say(`We corrupt one stored key of number ${VICTIM} in a backend that runs the real Baileys. Then ${BORNE} messages come in; none can be read:`);
  await backend.breakSession(VICTIM, 'corrupt-session');
  const broken = await contents(VICTIM);
  const seen = log.lines.length;
  const failed = await receive(BORNE);
  expectThat(failed.every(({ text }) => text === null), 'messages were decrypted although the keys are corrupt');
  screen.line(`${failed[0]!.error} (${failed.length} times)`);
  screen.say('So many are borne. The next one inside five minutes crosses the threshold; the operator\'s log:');
  screen.gap();
  await receive(1);
  const outcome = await log.says(/ 26: (fixed by|not repaired|failed|rolled-back|needs a QR)/, seen);
  expectThat(outcome.includes('fixed by repair'), `number ${VICTIM} was not fixed by a repair: ${outcome}`);

  screen.gap();
  const [next] = await receive(1);
  prove(play, next!.text !== null, `the next message to ${VICTIM} decrypts`, `the next message to ${VICTIM} does not decrypt: ${next!.error}`);
  prove(play, identityIn(stage.baileysFolderOf(VICTIM)) === login, `${VICTIM} kept its login: no QR scan`, `number ${VICTIM} lost its login`);
  const { starts, connectedSince } = await backend.session(OTHER);
  const touched = [...differences(other.contents, await contents(OTHER)), ...(starts === other.view.starts && connectedSince === other.view.connectedSince ? [] : ['its connection'])];
  prove(play, touched.length === 0, `${OTHER} was not touched: connected all the time, ${counted(other.contents)} as they were`, `number ${OTHER} was touched: ${touched.join(', ')}`);

  await goBack(play, broken, () => contents(VICTIM));
}

/** The way back: one command, every byte. */
async function goBack(play: Play, broken: Awaited<ReturnType<typeof contentsOf>>, now: () => Promise<typeof broken>): Promise<void> {
  const { screen, log } = play;
  screen.heading('4. And back again, by hand');
  const [backup] = JSON.parse(await play.command('backups', VICTIM, '--json')) as { id: string; files: number; keys: number }[];
  expectThat(backup !== undefined, `there is no backup of number ${VICTIM}`);
  screen.say('Nothing was deleted that cannot be put back. The session as it was, broken keys and all:');
  screen.line(`auto-fix restore ${backup.id} --yes`);
  screen.gap();
  const seen = log.lines.length;
  await play.command('restore', backup.id, '--yes');
  await log.says(/ 26: fixed by/, seen);
  screen.gap();
  const strange = differences(broken, await now());
  prove(play, strange.length === 0, `the backup brought back ${counted(broken)}, byte for byte`, `after the restore these differ: ${strange.join(', ')}`);
}

/** The key by which WhatsApp knows this device. */
const identityIn = (folder: string): string =>
  JSON.stringify((JSON.parse(readFileSync(join(folder, 'creds.json'), 'utf8')) as { signedIdentityKey: unknown }).signedIdentityKey);

import { snapshotTree } from '../snapshot.ts';
import { expectThat, prove, type Play } from './scene.ts';

const VICTIM = 'Pixel12 Digital';
const OTHER = 'ImobSites';

/** A browser dies and the gateway goes on saying CONNECTED: one line is enough for a look, the look picks the rung. */
export async function zombie(play: Play): Promise<void> {
  const { stage, screen, log } = play;
  const { wpp } = stage;
  const before = { other: await wpp.session(OTHER), files: JSON.stringify(snapshotTree(stage.profileOf(OTHER))) };

  screen.heading('2. A session dies, and its gateway goes on saying CONNECTED');
  screen.say(`We kill the browser of "${VICTIM}" in wppconnect-server. Its log says so once, and never again.`);
  const seen = log.lines.length;
  await wpp.breakSession(VICTIM, 'kill-browser');
  const { status } = await wpp.session(VICTIM);
  const lost = (await wpp.breakSession(VICTIM, 'message')).result === false;
  expectThat(status === 'CONNECTED' && lost, `wppconnect-server's stand-in did not break as it should: it says ${status}`);
  screen.say(`The gateway still says: ${status}. A customer's message sent now is lost. What the sidecar does, in the operator's log:`);
  screen.gap();
  const outcome = await log.says(/Pixel12 Digital: (fixed by|not repaired|failed|rolled-back|needs a QR)/, seen);
  expectThat(outcome.includes('fixed by restart'), `"${VICTIM}" was not fixed by a restart: ${outcome}`);

  screen.gap();
  const arrives = (await wpp.breakSession(VICTIM, 'message')).result === true;
  prove(play, arrives, `a message to "${VICTIM}" arrives again`, `a message to "${VICTIM}" still does not arrive`);
  const { starts, connectedSince } = await wpp.session(OTHER);
  const untouched = starts === before.other.starts && connectedSince === before.other.connectedSince && JSON.stringify(snapshotTree(stage.profileOf(OTHER))) === before.files;
  prove(play, untouched, `"${OTHER}" was not touched: connected all the time, every file as it was`, `"${OTHER}" was touched although nothing was wrong with it`);
}

import type { Clock } from '../clock.ts';

/** What came of asking for the QR. */
export type Shown =
  | { png: Buffer }
  /** `connected`, `not-started`, `browser-cannot-start`, `failed` or another refusal, with its sentence. */
  | { code: string; message: string };

export interface FollowParts {
  ask(): Promise<Shown>;
  draw(png: Buffer): void;
  say(message: string): void;
  clock: Clock;
}

/** WhatsApp shows a new code about every 20 s; the one on the screen is never much older than this. */
const EVERY_MS = 4_000;
/** wppconnect-server gives up waiting for a scan after 60 s; a human with the phone in hand needs a few of those. */
const PATIENCE_MS = 5 * 60_000;
/** A session takes 3-60 s to start. */
const START_MS = 90_000;

/**
 * Shows the QR and each new one, until the session is connected. Resolves with true then; with false when nobody
 * scanned it in five minutes, or when there is no QR to show, which is said.
 */
export async function followQr({ ask, draw, say, clock }: FollowParts): Promise<boolean> {
  const begun = clock.now();
  let drawn: Buffer | null = null;
  let said = '';
  while (clock.now() - begun < PATIENCE_MS) {
    const shown = await ask();
    if ('png' in shown) {
      if (!drawn?.equals(shown.png)) draw(shown.png);
      drawn = shown.png;
    } else if (shown.code === 'connected') {
      say(drawn ? 'scanned: the session is connected' : shown.message);
      return true;
    } else {
      const mayCome = shown.code === 'not-started' && (drawn !== null || clock.now() - begun < START_MS);
      if (shown.message !== said) say(shown.message);
      said = shown.message;
      if (!mayCome && !(shown.code === 'failed' && drawn)) return false;
    }
    await clock.sleep(EVERY_MS);
  }
  say('nobody has scanned it within five minutes; ask again when the phone is at hand');
  return false;
}

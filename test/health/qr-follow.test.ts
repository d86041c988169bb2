import { describe, expect, it } from 'vitest';
import type { Clock } from '../../sidecar/clock.ts';
import { followQr, type Shown } from '../../sidecar/health/qr-follow.ts';

const code = (text: string): Shown => ({ png: Buffer.from(text) });
const said = (code: string): Shown => ({ code, message: code });

/** Looks through those answers; the last one is given for ever. */
async function follow(...answers: Shown[]) {
  const screen: string[] = [];
  let now = 0;
  let asked = 0;
  const clock: Clock = { now: () => now, sleep: async (ms) => void (now += ms) };
  const connected = await followQr({
    clock, ask: async () => answers[Math.min(asked++, answers.length - 1)]!,
    draw: (png) => screen.push(`drawn ${png}`), say: (message) => screen.push(message),
  });
  return { connected, screen, minutes: now / 60_000 };
}

describe('following a QR', () => {
  it('draws each new code once, and ends when the session is connected', async () => {
    expect(await follow(code('a'), code('a'), code('b'), said('connected'))).toMatchObject({ connected: true, screen: ['drawn a', 'drawn b', 'scanned: the session is connected'] });
  });

  it('waits for a session that is just being started, and says so once', async () => {
    expect(await follow(said('not-started'), said('not-started'), code('a'), said('connected'))).toMatchObject({ connected: true, screen: ['not-started', 'drawn a', 'scanned: the session is connected'] });
  });

  it('gives up on one that does not start', async () => {
    const { connected, minutes, screen } = await follow(said('not-started'));
    expect([connected, screen]).toEqual([false, ['not-started']]);
    expect(minutes).toBeLessThan(2);
  });

  it('ends at once where no QR can come', async () => {
    for (const reason of ['browser-cannot-start', 'failed']) expect(await follow(said(reason))).toEqual({ connected: false, screen: [reason], minutes: 0 });
  });

  it('lives through one failed answer between two codes', async () => {
    expect(await follow(code('a'), said('failed'), code('b'), said('connected'))).toMatchObject({ connected: true, screen: ['drawn a', 'failed', 'drawn b', 'scanned: the session is connected'] });
  });

  it('does not wait for ever for a human', async () => {
    const { connected, minutes, screen } = await follow(code('a'));
    expect([connected, Math.round(minutes)]).toEqual([false, 5]);
    expect(screen.at(-1)).toContain('nobody has scanned it');
  });
});

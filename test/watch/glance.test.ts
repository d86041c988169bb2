import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../sidecar/clock.ts';
import { Glance, QUIET, TO_BE_DECODED } from '../../sidecar/watch/glance.ts';

const MINUTES = 60_000;

describe('words that are news only behind others', () => {
  const at = (glance: Glance, text: string) => {
    const bytes = Buffer.from(`before\n${text}\nbehind\n`);
    const kind = glance.at(bytes, 7, bytes.length);
    expect(glance.end).toBe(7 + bytes.subarray(7).indexOf('\n'));
    return kind;
  };

  it('are sought from such a line on, for so long behind the last one', async () => {
    const clock = new VirtualClock(0);
    const glance = new Glance({ words: ['Page Closed', 'delivery failed'], signs: null, sequel: { after: ['delivery failed'], words: ['delivered'], forMs: 15 * MINUTES } }, clock);
    const kinds = ['delivered', 'Page Closed', 'delivered', '\u001b[31mdelivery\u001b[39m failed', 'delivered', 'quiet'].map((text) => at(glance, text));
    expect(kinds).toEqual([QUIET, TO_BE_DECODED, QUIET, TO_BE_DECODED, TO_BE_DECODED, QUIET]);
    await clock.moveTo(10 * MINUTES);
    expect(at(glance, 'delivery failed')).toBe(TO_BE_DECODED);
    await clock.moveTo(24 * MINUTES);
    expect(at(glance, 'delivered')).toBe(TO_BE_DECODED);
    await clock.moveTo(26 * MINUTES);
    expect(at(glance, 'delivered')).toBe(QUIET);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlidingWindow } from '../../sidecar/detect/window.ts';

const MINUTES_5 = 300_000;
const ms = (value: number): bigint => BigInt(value) * 1_000_000n;
const windowOf = (maxHits = 5, length = MINUTES_5) => new SlidingWindow<{ at: bigint }>(maxHits, length);
const feed = (window: SlidingWindow<{ at: bigint }>, times: number[]) => times.map((time) => window.insert({ at: ms(time) })?.hits.length ?? 0);

describe('the window of five minutes', () => {
  it('lets five hits pass and fires on the sixth', () => {
    expect(feed(windowOf(), [0, 1, 2, 3, 4])).toEqual([0, 0, 0, 0, 0]);
    expect(feed(windowOf(), [0, 1, 2, 3, 4, 5])).toEqual([0, 0, 0, 0, 0, 6]);
  });

  it('does not count a hit that is exactly 300,000 ms old, and does count one a nanosecond younger', () => {
    expect(feed(windowOf(), [0, 1, 2, 3, 4, 300_000]).at(-1)).toBe(0);
    const window = windowOf();
    for (const at of [1n, 2n, 3n, 4n, 5n]) window.insert({ at });
    expect(window.insert({ at: ms(300_000) })?.hits).toHaveLength(6);
  });

  it('stays silent for steady trouble just under the threshold', () => {
    expect(feed(windowOf(), Array.from({ length: 200 }, (_, i) => i * 60_000)).every((count) => count === 0)).toBe(true);
  });

  it('looks again when a late hit completes a window', () => {
    expect(feed(windowOf(), [0, 10, 20, 30, 40, 5])).toEqual([0, 0, 0, 0, 0, 6]);
  });

  it('leaves a window alone that is over when its last hit comes in', () => {
    expect(feed(windowOf(), [0, 10, 20, 30, 40, 700_000, 5]).at(-1)).toBe(0);
  });

  it('agrees with counting by hand on any trace: late, equal and out of order', () => {
    const trace = fc.record({
      maxHits: fc.integer({ min: 1, max: 6 }),
      length: fc.integer({ min: 1, max: 60 }),
      times: fc.array(fc.integer({ min: 0, max: 250 }), { maxLength: 120 }),
      sorted: fc.boolean(),
    });
    fc.assert(fc.property(trace, ({ maxHits, length, times, sorted }) => {
      const inOrder = sorted ? [...times].sort((a, b) => a - b) : times;
      const window = windowOf(maxHits, length);
      const seen: number[] = [];
      for (const time of inOrder) {
        seen.push(time);
        const answer = window.insert({ at: ms(time) });
        expect(answer && { at: answer.at, count: answer.hits.length }).toEqual(byHand(seen, time, maxHits, length));
      }
    }), { numRuns: 2_000 });
  });
});

/** Every window that holds the hit and is not over, the latest that holds too many. */
function byHand(seen: number[], time: number, maxHits: number, length: number): { at: bigint; count: number } | null {
  const newest = Math.max(...seen);
  const ends = seen.filter((end) => end >= time && end - length < time && end > newest - length).sort((a, b) => b - a);
  for (const end of ends) {
    const count = seen.filter((one) => end - length < one && one <= end).length;
    if (count > maxHits) return { at: ms(end), count };
  }
  return null;
}

/** First wait after a failure. */
const SHORTEST_MS = 50;
/** Longest wait: an engine that is back is noticed within this. */
const LONGEST_MS = 10_000;

/** Doubling waits with jitter (half to whole), for ever: `failures` counts from 1. */
export function backoffMs(failures: number, random: () => number): number {
  const whole = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** Math.min(failures - 1, 20));
  return whole * (0.5 + random() / 2);
}

/** A stretch without a sign of life that ended by itself. Clock ms. */
export interface Quiet {
  endedAt: number;
  ms: number;
}

/** Shorter ones lengthen nothing: the setting's least useful values are about an hour. */
const WORTH_KEEPING_MS = 30 * 60_000;
/** Two weekends, whatever day it is: what was usual longer ago is not any more. */
const REMEMBERED_MS = 15 * 24 * 3_600_000;
/** A session's usual quiet is passed by some before it is strange. */
const BEYOND_USUAL = 1.25;
/** A long weekend; a session that is quiet for longer should be looked at now and then all the same. */
const LONGEST_PATIENCE_MS = 72 * 3_600_000;
/** The longest count; the rest is no news. */
const MOST_KEPT = 20;

/** The quiets after one more sign of life at `to`. `broken`: it was started anew in between, so the quiet was no habit. */
export function learn(known: readonly Quiet[], from: number, to: number, broken: boolean): readonly Quiet[] {
  if (broken || to - from < WORTH_KEEPING_MS) return known;
  const fresh = [...known, { endedAt: to, ms: to - from }].filter(({ endedAt }) => to - endedAt < REMEMBERED_MS);
  return fresh.sort((a, b) => b.ms - a.ms).slice(0, MOST_KEPT);
}

/** How long this session may be quiet before it is looked at: `leastMs`, or longer where its own history says so. */
export function patience(quiets: readonly Quiet[], leastMs: number, now: number): number {
  const usual = Math.max(0, ...quiets.filter(({ endedAt }) => now - endedAt < REMEMBERED_MS).map(({ ms }) => ms));
  return Math.max(leastMs, Math.min(usual * BEYOND_USUAL, LONGEST_PATIENCE_MS));
}

import { troubleLine, type TraceLine } from './everyday.ts';
import { Dice } from '../test/dice.ts';
import { BEGIN_MS } from './trace.ts';

export const KINDS = ['burst', 'exactly five minutes', 'straddle', 'steady below', 'backlog', 'one cause, many lines'] as const;
export type Kind = (typeof KINDS)[number];

/** One session with its hits, and what is right: the time (ms) at which it fires, or null. */
export interface Case {
  session: string;
  kind: Kind;
  /** Times (ms) of its causes. */
  causes: number[];
  /** Lines printed for each cause. */
  told: number;
  fires: number | null;
}

export const WINDOW_MS = 300_000;
export const MAX_HITS = 5;
/** Lines of one session closer than two seconds tell of one event; causes are kept apart by more. */
const APART_MS = 2_100;
/** Copies of one event come this close together. */
const COPY_MS = 300;
/** Cases begin anywhere in that time, so that many sessions are under way at once. */
const SPREAD_MS = 20 * 3_600_000;

/** What is right, counted the slow and plain way: the first cause with more than five in `t - 5 min < at <= t`. */
export function firesAt(causes: readonly number[]): number | null {
  const inOrder = [...causes].sort((a, b) => a - b);
  return inOrder.find((end) => inOrder.filter((at) => at > end - WINDOW_MS && at <= end).length > MAX_HITS) ?? null;
}

/** So many cases of every kind, from a seed. */
export function makeCases(perKind: number, seed: number): Case[] {
  const dice = new Dice(seed);
  return KINDS.flatMap((kind, place) => Array.from({ length: perKind }, (_, index): Case => {
    const begin = BEGIN_MS + dice.between(0, SPREAD_MS);
    const causes = causesOf(kind, index, begin, dice);
    return { session: `c${place}x${String(index).padStart(4, '0')}`, kind, causes, told: kind === 'one cause, many lines' ? 3 : 1, fires: firesAt(causes) };
  }));
}

function causesOf(kind: Kind, index: number, begin: number, dice: Dice): number[] {
  switch (kind) {
    case 'burst': return spread(dice.between(6, 12), begin, 200_000, dice);
    // One millisecond decides: in every other case the first is still inside.
    case 'exactly five minutes': return [begin, ...spread(4, begin + 10_000, 250_000, dice), begin + WINDOW_MS - (index % 2)];
    case 'straddle': {
      const boundary = Math.ceil((begin + 1) / WINDOW_MS) * WINDOW_MS;
      return [...spread(3, boundary - 120_000, 110_000, dice), ...spread(3, boundary + 5_000, 110_000, dice)];
    }
    // Every other one would be right by whole seconds too.
    case 'steady below': return Array.from({ length: 60 }, (_, hit) => begin + hit * (index % 2 === 0 ? 60_050 : 62_000));
    case 'backlog': return gaps(30, begin, 61_000, 600_000, dice);
    case 'one cause, many lines': return spread(dice.between(3, 5), begin, 200_000, dice);
  }
}

function spread(count: number, from: number, lengthMs: number, dice: Dice): number[] {
  const room = Math.floor(lengthMs / count);
  return Array.from({ length: count }, (_, index) => from + index * room + dice.between(0, room - APART_MS));
}

function gaps(count: number, from: number, least: number, most: number, dice: Dice): number[] {
  let at = from;
  return Array.from({ length: count }, () => (at += dice.between(least, most)));
}

/** The lines of all cases, in the order of their times. */
export function caseLines(cases: readonly Case[], seed: number): (TraceLine & { atMs: number })[] {
  const dice = new Dice(seed);
  const lines = cases.flatMap((one) => one.causes.flatMap((at) =>
    Array.from({ length: one.told }, (_, copy) => ({ ...troubleLine(one.session, dice), atMs: at + copy * COPY_MS }))));
  return lines.sort((a, b) => a.atMs - b.atMs);
}

export type Verdicts = ReadonlyMap<string, number>;

/** Peers know whole seconds only; what fires within this time of the right line is right. */
const TOLERANCE_MS = 1_000;

/** `fired`: NaN where a program does not tell when; then only whether it fired is judged. */
export function isRight(one: Case, fired: Verdicts): boolean {
  const at = fired.get(one.session);
  if (one.fires === null || at === undefined) return at === undefined && one.fires === null;
  return Number.isNaN(at) || Math.abs(at - one.fires) <= TOLERANCE_MS;
}

/** Right verdicts per kind. `fired`: session to the time (ms) of its first alarm. */
export function score(cases: readonly Case[], fired: Verdicts): Map<Kind, { right: number; of: number }> {
  const table = new Map<Kind, { right: number; of: number }>();
  for (const one of cases) {
    const row = table.get(one.kind) ?? { right: 0, of: 0 };
    table.set(one.kind, { right: row.right + (isRight(one, fired) ? 1 : 0), of: row.of + 1 });
  }
  return table;
}

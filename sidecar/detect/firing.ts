import type { Attribution, Firing, Hit, HitClass, Nanos } from '../words.ts';
import type { Counted, Verdict } from './cause.ts';

/** Lines shown with a firing. */
const MOST_EVIDENCE = 5;

/** What a line leads to. */
export interface Reading {
  hit: Hit;
  /** Set when the hit leaves its window with more than allowed. */
  firing: Firing | null;
  /** False: the same cause as a hit before. */
  fresh: boolean;
  /** Cause of a not-attributed hit of that container and class that this one replaces: now its session is known. */
  retracts?: string;
}

type Shown = Pick<Firing, 'since' | 'count' | 'patterns' | 'evidence'>;

/** What stands in a window now. */
export interface WindowView extends Shown {
  newest: Nanos | null;
}

/** The firing that a hit led to, or null. */
export function firingOf(cls: HitClass, who: Attribution, { exceeded }: Verdict, container: string): Firing | null {
  if (!exceeded || (cls !== 'corruption' && cls !== 'disconnect')) return null;
  return { at: exceeded.at, class: cls, who, ...shown(exceeded.hits), container };
}

/** Hits as they are told, oldest first. */
export function shown(hits: readonly Counted[]): Shown {
  const oldest = hits[0];
  return { ...(oldest ? { since: oldest.at } : {}), count: hits.length, patterns: countsOf(hits), evidence: hits.slice(-MOST_EVIDENCE).map((hit) => hit.evidence) };
}

function countsOf(hits: readonly Counted[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { pattern } of hits) counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}

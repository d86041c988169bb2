import type { Desk } from '../decide/desk.ts';
import { CAUSES_KNOWN_MS } from '../detect/cause.ts';
import type { Detector } from '../detect/detector.ts';
import { fromMs, toMs } from '../event-time.ts';
import type { Journal } from '../state/journal.ts';
import type { Records } from '../state/records.ts';
import type { FaultClass, Firing, Hit, Nanos } from '../words.ts';

export interface TakenUp {
  records: Pick<Records, 'hitsSince'>;
  detector: Pick<Detector, 'restore' | 'clear' | 'look'>;
  history: Pick<Desk['history'], 'lastEnd'>;
  detect: { windowMs: number; maxHits: number };
  /** Clock ms. */
  now: number;
}

/**
 * The detector as it was before the restart: every cause it still knew, so that a retry of a message stays the same
 * hit, and the windows without what recoveries and repairs have spent. Returns the windows that are over the limit.
 */
export function takeUp({ records, detector, history, detect, now }: TakenUp): Firing[] {
  const stored = records.hitsSince(fromMs(now - Math.max(CAUSES_KNOWN_MS, detect.windowMs)));
  detector.restore(stored.filter((hit) => isFault(hit.class) || hit.class === 'recovery' || hit.class === 'logout'));
  for (const session of new Set(stored.flatMap(({ who }) => ('session' in who ? [who.session] : [])))) {
    const repairedUntil = history.lastEnd(session);
    if (repairedUntil !== null) detector.clear(session, undefined, fromMs(repairedUntil));
  }
  const inWindow = stored.filter((hit) => hit.at > fromMs(now - detect.windowMs));
  return stillFiring(unspent(inWindow, (session) => history.lastEnd(session)), (session, cls) => detector.look(session, now)[cls], detect.maxHits);
}

/**
 * Of the stored hits those that still count: recovery lines and finished repairs spend what came before them.
 * `repairedUntil` gives the end (clock ms) of the session's last repair, or null.
 */
export function unspent(hits: readonly Hit[], repairedUntil: (session: string) => number | null): Hit[] {
  const recoveredAt = new Map<string, Nanos>();
  for (const hit of hits) if (hit.class === 'recovery' && 'session' in hit.who) recoveredAt.set(hit.who.session, hit.at);
  return hits.filter((hit) => {
    if (!('session' in hit.who) || !isFault(hit.class)) return false;
    const { session } = hit.who;
    return hit.at > (recoveredAt.get(session) ?? 0n) && toMs(hit.at) > (repairedUntil(session) ?? 0);
  });
}

/** The windows that are over the limit right after a restart: their incidents go on without another line. */
export function stillFiring(hits: readonly Hit[], count: (session: string, cls: FaultClass) => number, maxHits: number): Firing[] {
  const bySession = Map.groupBy(hits, (hit) => `${hit.class} ${'session' in hit.who ? hit.who.session : ''}`);
  return [...bySession.values()].flatMap((own) => {
    const newest = own.at(-1)!;
    if (!('session' in newest.who) || !isFault(newest.class)) return [];
    const counted = count(newest.who.session, newest.class);
    if (counted <= maxHits) return [];
    const patterns = Object.fromEntries([...Map.groupBy(own, (hit) => hit.pattern)].map(([id, some]) => [id, some.length]));
    return [{ at: newest.at, class: newest.class, who: newest.who, count: counted, patterns, evidence: own.slice(-EVIDENCE).map((hit) => hit.evidence) }];
  });
}

/** Enough to see what it was about. */
const EVIDENCE = 5;

const isFault = (cls: string): cls is FaultClass => cls === 'corruption' || cls === 'disconnect';

/** Cooldown and escalation survive a restart: they are read out of the journal. */
export function rememberRepairs(journal: Journal, desk: Desk, now: number): void {
  for (const { outcome, class: cls } of journal.history(null).reverse()) {
    if (!outcome || outcome.restored || outcome.endedAt > now) continue;
    desk.history.remember(outcome, cls);
  }
}

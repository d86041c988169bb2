import type { Desk } from '../decide/desk.ts';
import { CAUSES_KNOWN_MS } from '../detect/cause.ts';
import type { Detector } from '../detect/detector.ts';
import { fromMs } from '../event-time.ts';
import type { Journal } from '../state/journal.ts';
import type { Records } from '../state/records.ts';
import type { FaultClass, Firing, HitClass } from '../words.ts';

export interface TakenUp {
  records: Pick<Records, 'hitsSince' | 'lastSignals'>;
  detector: Pick<Detector, 'restore' | 'clear' | 'window'>;
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
  const since = fromMs(now - Math.max(CAUSES_KNOWN_MS, detect.windowMs));
  const stored = records.hitsSince(since);
  // A session that was unlinked days ago still is.
  const before = records.lastSignals().filter(({ at }) => at <= since);
  detector.restore([...before, ...stored.filter(({ class: cls }) => RESTORED.has(cls))]);
  const sessions = [...new Set(stored.flatMap(({ who }) => ('session' in who ? [who.session] : [])))];
  for (const session of sessions) {
    const repairedUntil = history.lastEnd(session);
    if (repairedUntil !== null) detector.clear(session, undefined, fromMs(repairedUntil));
  }
  return sessions.flatMap((session) => FAULTS.flatMap((cls) => {
    const { newest, ...shown } = detector.window(session, cls, now);
    return newest === null || shown.count <= detect.maxHits ? [] : [{ at: newest, class: cls, who: { session, by: 'named' as const }, ...shown }];
  }));
}

const FAULTS: readonly FaultClass[] = ['corruption', 'disconnect'];
const RESTORED: ReadonlySet<HitClass> = new Set([...FAULTS, 'recovery', 'logout'] as const);

/** Cooldown, escalation and budgets survive a restart: they are read out of the journal. */
export function rememberRepairs(journal: Journal, desk: Desk, now: number): void {
  for (const { outcome, class: cls } of journal.history(null).reverse()) {
    if (!outcome || outcome.restored || outcome.endedAt > now) continue;
    desk.remember(outcome, cls);
  }
}

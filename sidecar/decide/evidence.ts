import type { Detector } from '../detect/detector.ts';
import { toMs } from '../event-time.ts';
import type { RefusalCode } from '../words.ts';
import type { Incident } from './incident.ts';

/** Refusals after which a quiet session may be left: a look was taken, or nobody can be looked at. */
const LOOKED_AT: ReadonlySet<RefusalCode | null> = new Set<RefusalCode | null>([
  'healthy-now', 'stale', 'waiting-for-human', 'ladder-spent', 'dry-run', 'unknown-session', 'not-attributed',
]);

/**
 * True when quiet is no proof that all is well: the session was not looked at since it broke, or its last repair did
 * not end well. It may be silent because it is dead.
 */
export function needsALook(incident: Incident): boolean {
  return incident.failedRepairs > 0 || !LOOKED_AT.has(incident.lastRefusal);
}

/** Brings the incident's evidence up to now: hits leave the window while an obstacle stands. What the last ones were stays told. */
export function recount(incident: Incident, detector: Detector, nowMs: number): void {
  if (!('session' in incident.firing.who)) return;
  const { count, patterns, evidence, since } = detector.window(incident.firing.who.session, incident.class, nowMs);
  incident.firing = { ...incident.firing, count, ...(since === undefined ? {} : { patterns, evidence, since }) };
}

/** True when its window is empty and nothing newer than the window speaks for it. */
export function isOver(incident: Incident, nowMs: number, windowMs: number): boolean {
  const windowIsEmpty = 'session' in incident.firing.who ? incident.firing.count === 0 : true;
  return windowIsEmpty && nowMs - toMs(incident.newest) >= windowMs;
}

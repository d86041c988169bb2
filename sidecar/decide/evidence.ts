import type { Detector } from '../detect/detector.ts';
import { toMs } from '../event-time.ts';
import type { Incident } from './incident.ts';

/** Brings the incident's count up to now: hits leave the window while an obstacle stands. */
export function recount(incident: Incident, detector: Detector, nowMs: number): void {
  if (!('session' in incident.firing.who)) return;
  incident.firing = { ...incident.firing, count: detector.look(incident.firing.who.session, nowMs)[incident.class] };
}

/** True when its window is empty and nothing newer than the window speaks for it. */
export function isOver(incident: Incident, nowMs: number, windowMs: number): boolean {
  const windowIsEmpty = 'session' in incident.firing.who ? incident.firing.count === 0 : true;
  return windowIsEmpty && nowMs - toMs(incident.newest) >= windowMs;
}

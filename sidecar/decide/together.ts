import { toMs } from '../event-time.ts';
import { sessionOf, type Incident } from './incident.ts';

/** Sessions that break this close to each other have one cause outside them. DESIGN: two minutes. */
const TOGETHER_MS = 2 * 60_000;

/** Which sessions broke close to each other, and are not quiet yet. Clock ms. */
export class Together {
  readonly #opened = new Map<string, number>();

  opened(session: string, now: number): void {
    this.#opened.set(session, now);
  }

  /** Sessions of the gateway that broke close to this incident, this one included. */
  count(incident: Incident, gatewaySessions: readonly string[], open: readonly Incident[], now: number): number {
    const own = sessionOf(incident);
    return gatewaySessions.filter((session) => {
      const opened = this.#opened.get(session);
      if (opened === undefined || Math.abs(opened - incident.openedAt) > TOGETHER_MS) return false;
      if (session === own) return true;
      const newest = Math.max(opened, ...open.filter((other) => sessionOf(other) === session).map((other) => toMs(other.newest)));
      return now - newest <= TOGETHER_MS;
    }).length;
  }

  setBack(ms: number): void {
    for (const [session, at] of this.#opened) this.#opened.set(session, at - ms);
  }
}

/** Two sessions of a gateway that has only two are all of it. */
export function massFailureLimit(setting: number | null, sessions: number): number | null {
  if (setting === null) return null;
  return sessions >= 2 ? Math.min(setting, sessions) : setting;
}

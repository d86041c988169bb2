import type { FaultClass, Firing, Nanos, RefusalCode } from '../words.ts';

/** Evidence that one session, or a name nobody knows, is breaking. Opens with a firing or a failed health probe. */
export interface Incident {
  /** `disconnect pixel12digital`: at most one is open per class and session. */
  key: string;
  class: FaultClass;
  firing: Firing;
  /** Clock time (ms) of the opening. */
  openedAt: number;
  /** Its evidence has shown a locked profile: connecting again cannot help there, though the line may have left the window. */
  profileLocked: boolean;
  /** Event time of the newest evidence. */
  newest: Nanos;
  /** Refusals already told; each is told once per incident, then only counted. */
  refusals: Map<RefusalCode, number>;
  /** The newest reason of each of them. */
  reasons: Map<RefusalCode, string>;
  /** What the newest decision was refused for; null when it was not refused. */
  lastRefusal: RefusalCode | null;
  /** Clock time (ms) at which it is looked at again without another line; null: only another line does. */
  retryAt: number | null;
  /** A decision or a repair for it is under way. */
  busy: boolean;
  /** Repairs of this incident that did not end well. */
  failedRepairs: number;
  /** Since its last repair there was a time without proof that WhatsApp can be reached: that the repair did not hold shows nothing. */
  networkDoubted: boolean;
  /** Clock time (ms) at which it was last held because others broke with it; null: never. */
  heldAt: number | null;
  /** Clock time (ms) since which its probe has said `starting`; null when it does not. */
  startingSince: number | null;
}

export function incidentKey(firing: Firing): string {
  return `${firing.class} ${nameOf(firing)}`;
}

/** The session it is about; null where the lines name nobody that is known. */
export function sessionOf({ firing }: Pick<Incident, 'firing'>): string | null {
  return 'session' in firing.who ? firing.who.session : null;
}

/** The clock was set back by so much: its times move with it. */
export function setBack(incident: Incident, ms: number): void {
  const nanos = BigInt(ms) * 1_000_000n;
  const { firing } = incident;
  incident.openedAt -= ms;
  incident.newest -= nanos;
  incident.firing = { ...firing, at: firing.at - nanos, ...(firing.since === undefined ? {} : { since: firing.since - nanos }) };
  for (const time of ['retryAt', 'heldAt', 'startingSince'] as const) {
    const at = incident[time];
    if (at !== null) incident[time] = at - ms;
  }
}

/** Whose incident it is, in words: the session, the unknown name, or the container whose line names nobody. */
export function nameOf(firing: Firing): string {
  if ('session' in firing.who) return firing.who.session;
  return firing.who.refused === 'unknown-session' ? `unknown ${firing.who.spelled}` : `nobody named in ${firing.container ?? 'a log'}`;
}

/** Patterns that show a locked profile; only closing and unlinking help there. */
const PROFILE_LOCK = /code-21|already-running|browser-running|profile-lock/;

export function showsProfileLock(firing: Firing): boolean {
  return Object.keys(firing.patterns).some((pattern) => PROFILE_LOCK.test(pattern));
}

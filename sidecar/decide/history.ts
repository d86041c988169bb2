import type { FaultClass, Outcome, Rung } from '../words.ts';

interface Repaired {
  /** Null: a human named the rung, so no class showed whether it held. */
  class: FaultClass | null;
  rung: Rung;
  endedAt: number;
  /** Clock ms of the last time that class broke again in an unbroken row of troubles; null: never since. */
  brokenAt: number | null;
}

/**
 * What was tried on each session and when, as far as decisions need it: the cooldown runs from the end of the
 * last repair, and a rung that did not hold leads to the next.
 */
export class History {
  readonly #cooldownMs: number;
  readonly #escalateWithinMs: number;
  readonly #last = new Map<string, Repaired[]>();
  readonly #refusedAt = new Map<string, number>();

  constructor(cooldownMs: number, escalateWithinMs: number) {
    this.#cooldownMs = cooldownMs;
    this.#escalateWithinMs = escalateWithinMs;
  }

  /**
   * Remembers a repair. One that was refused leads to no other rung, but it may have closed and started the session
   * on the way (no space for a backup shows only then), so the cooldown holds for it too.
   */
  remember(outcome: Pick<Outcome, 'session' | 'rung' | 'result' | 'endedAt'>, cls: FaultClass | null): void {
    if (outcome.result === 'refused') return void this.#refusedAt.set(outcome.session, outcome.endedAt);
    const others = (this.#last.get(outcome.session) ?? []).filter((repaired) => repaired.class !== cls);
    this.#last.set(outcome.session, [...others, { class: cls, rung: outcome.rung, endedAt: outcome.endedAt, brokenAt: null }]);
  }

  /** The rung of the last repair for that class, if the same class again means that it did not hold. */
  lastRung(session: string, cls: FaultClass, now: number): Rung | null {
    const last = this.#repaired(session, cls);
    return last && this.#heldTooShort(last, now) ? last.rung : null;
  }

  /** That class breaks again: the session has not stayed well since. */
  brokenAgain(session: string, cls: FaultClass, now: number): void {
    const last = this.#repaired(session, cls);
    if (last && this.#heldTooShort(last, now)) last.brokenAt = now;
  }

  #repaired(session: string, cls: FaultClass): Repaired | undefined {
    return this.#last.get(session)?.find((repaired) => repaired.class === cls);
  }

  /** A mild remedy may be tried again after a while in any case. A login is asked for again only when the last one was well for long. */
  #heldTooShort({ rung, endedAt, brokenAt }: Repaired, now: number): boolean {
    return now - (rung === 'reset' ? (brokenAt ?? endedAt) : endedAt) <= this.#escalateWithinMs;
  }

  /** Clock time (ms) at which the last repair of any class ended. */
  lastEnd(session: string): number | null {
    const ends = (this.#last.get(session) ?? []).map((repaired) => repaired.endedAt);
    return ends.length > 0 ? Math.max(...ends) : null;
  }

  /** The clock was set back by so much: what ended a while ago still did, only that long ago. */
  setBack(ms: number): void {
    for (const [session, repairs] of this.#last) this.#last.set(session, repairs.map((one) => ({ ...one, endedAt: one.endedAt - ms, brokenAt: one.brokenAt === null ? null : one.brokenAt - ms })));
    for (const [session, at] of this.#refusedAt) this.#refusedAt.set(session, at - ms);
  }

  cooldownUntil(session: string): number | null {
    const end = Math.max(this.lastEnd(session) ?? 0, this.#refusedAt.get(session) ?? 0);
    return end === 0 ? null : end + this.#cooldownMs;
  }
}

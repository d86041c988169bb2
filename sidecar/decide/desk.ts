import type { Decision, FaultClass, Firing, Outcome, RefusalCode } from '../words.ts';
import { toMs } from '../event-time.ts';
import { Budget } from './budget.ts';
import { beforeLooking, decide, type Look, type Policy, type Question } from './decide.ts';
import type { ContainerStanding, Standing } from './governor.ts';
import { History } from './history.ts';
import { massFailureLimit, Together } from './together.ts';
import { incidentKey, sessionOf, setBack, showsProfileLock, type Incident } from './incident.ts';

export interface DeskSettings extends Policy {
  cooldownMs: number;
  escalateWithinMs: number;
  /** So many sessions of one gateway breaking within two minutes put repairs on hold; null: never. */
  massFailure: number | null;
}

/** What the world outside the log says of a session, without looking at the session itself. */
export interface Surroundings {
  container: ContainerStanding;
  /** All known sessions of the same gateway, this one among them. */
  gatewaySessions: readonly string[];
}

/** Two at once keep the gateway usable: each repair starts a browser. */
const MAX_REPAIRS_AT_ONCE = 2;
/** Four repairs at once and one more an hour: enough for the whole ladder, too few for a login a minute. */
const SESSION_BUDGET = { capacity: 4, refillMs: 3_600_000 };
/** A fleet with real faults needs some at once; more than one in ten minutes for long is not the sessions' fault. */
const OVERALL_BUDGET = { capacity: 12, refillMs: 600_000 };
/** An incident whose obstacle names no end is looked at again this often. */
const LOOK_AGAIN_MS = 60_000;

/** A clock that goes back by more than this was set; less is what clocks do. */
const A_STEP_MS = 10_000;

/** What the desk says of a decision: the decision, and whether the operator has heard it already. */
export interface Ruling {
  incident: Incident;
  decision: Decision;
  /** False for a refusal that was told before in this incident. */
  firstTold: boolean;
}

/**
 * Keeps the incidents: they open, are refused or repaired, and close. Pure state on the clock times it is given;
 * live stream and replay drive the same desk.
 */
export class Desk {
  readonly #settings: DeskSettings;
  readonly #incidents = new Map<string, Incident>();
  readonly #together = new Together();
  readonly #repairing = new Set<string>();
  readonly #budgets = new Map<string, Budget>();
  readonly #overall = new Budget(OVERALL_BUDGET.capacity, OVERALL_BUDGET.refillMs);
  readonly #muted = new Map<string, number>();
  /** A QR is due since a repair; the log tells of every other log-out. */
  readonly #awaitsQr = new Set<string>();
  readonly history: History;
  pausedUntil: number | null = null;
  /** Clock time of the last sweep. */
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(settings: DeskSettings) {
    this.#settings = settings;
    this.history = new History(settings.cooldownMs, settings.escalateWithinMs);
  }

  /** A window has fired. The incident when it wants a decision now, null when it is only counted. */
  report(firing: Firing, now: number): Incident | null {
    if ('session' in firing.who) this.history.brokenAgain(firing.who.session, firing.class, now);
    const known = this.#incidents.get(incidentKey(firing));
    if (known && !this.#isLeftOver(known, toMs(firing.at))) {
      known.firing = firing;
      known.profileLocked ||= showsProfileLock(firing);
      if (firing.at > known.newest) known.newest = firing.at;
      return !known.busy && known.retryAt !== null && known.retryAt <= now ? known : null;
    }
    const incident: Incident = {
      key: incidentKey(firing), class: firing.class, firing, openedAt: now, profileLocked: showsProfileLock(firing), newest: firing.at,
      refusals: new Map(), reasons: new Map(), lastRefusal: null, retryAt: null, busy: false, failedRepairs: 0, networkDoubted: false, heldAt: null, startingSince: null,
    };
    this.#incidents.set(incident.key, incident);
    if ('session' in firing.who) this.#together.opened(firing.who.session, now);
    return incident;
  }

  incidents(): Incident[] {
    return [...this.#incidents.values()];
  }

  /** Closes incidents that wait for nothing and whose evidence has left the window. Call about once a second. */
  sweep(now: number): Incident[] {
    if (now < this.#sweptAt - A_STEP_MS) this.#clockWasSetBack(this.#sweptAt - now);
    this.#sweptAt = now;
    const over = this.incidents().filter((incident) => this.#isLeftOver(incident, now));
    for (const incident of over) this.close(incident);
    return over;
  }

  /** A minute of rest stays a minute of rest, whatever the clock says. */
  #clockWasSetBack(ms: number): void {
    for (const incident of this.incidents()) setBack(incident, ms);
    this.#together.setBack(ms);
    for (const budget of [this.#overall, ...this.#budgets.values()]) budget.setBack(ms);
    this.history.setBack(ms);
  }

  #isLeftOver(incident: Incident, now: number): boolean {
    return !incident.busy && incident.retryAt === null && now - toMs(incident.newest) >= this.#settings.windowMs;
  }

  /** Incidents whose obstacle may have ended by `now`, oldest deadline first. */
  due(now: number): Incident[] {
    return this.incidents()
      .filter((incident) => !incident.busy && incident.retryAt !== null && incident.retryAt <= now)
      .sort((a, b) => a.retryAt! - b.retryAt!);
  }

  /** Clock time of the next incident that is due, or null. */
  nextDue(): number | null {
    const times = this.incidents().filter((i) => !i.busy && i.retryAt !== null).map((i) => i.retryAt!);
    return times.length > 0 ? Math.min(...times) : null;
  }

  /** What forbids even looking at the session, or null. */
  beforeLooking(incident: Incident, around: Surroundings, now: number): Ruling | null {
    const decision = beforeLooking(this.#question(incident, around, now));
    return decision ? this.#rule(incident, decision, now) : null;
  }

  decide(incident: Incident, around: Surroundings, look: Look, now: number): Ruling {
    if (look.probe.probe === 'starting') incident.startingSince ??= now;
    else incident.startingSince = null;
    const session = sessionOf(incident);
    // We closed it before it was due: whatever says that it is connected now is newer than that.
    if (session !== null && look.probe.probe === 'healthy') this.#awaitsQr.delete(session);
    const question = this.#question(incident, around, now);
    const loggedOut = look.loggedOut || (session !== null && this.#awaitsQr.has(session));
    return this.#rule(incident, decide(question, { ...look, loggedOut }), now);
  }

  /** The plan of that ruling runs now. */
  began(session: string, now: number): void {
    this.#repairing.add(session);
    for (const incident of this.#ofSession(session)) incident.networkDoubted = false;
    this.#spend(session, now);
  }

  /** A repair of before a restart; in the order they ended. */
  remember(outcome: Outcome, cls: FaultClass | null): void {
    this.history.remember(outcome, cls);
    if (outcome.result !== 'refused') this.#spend(outcome.session, outcome.startedAt);
  }

  #spend(session: string, at: number): void {
    this.#budgetOf(session).spend(at);
    this.#overall.spend(at);
  }

  /** A repair ended; what it means for the incident. `spendsEvidence`: its hits count no longer. */
  ended(outcome: Outcome, cls: FaultClass | null, now: number): void {
    this.#repairing.delete(outcome.session);
    this.history.remember(outcome, cls);
    if (outcome.result === 'needs-qr') this.#awaitsQr.add(outcome.session);
    if (outcome.result === 'fixed') this.#awaitsQr.delete(outcome.session);
    for (const incident of this.#ofSession(outcome.session)) {
      incident.busy = false;
      if (outcome.result === 'fixed' || outcome.result === 'needs-qr') this.close(incident);
      else {
        incident.failedRepairs += 1;
        incident.retryAt = Math.max(now, this.history.cooldownUntil(outcome.session) ?? now + LOOK_AGAIN_MS);
      }
    }
  }

  /** The session itself said that it works: its incidents of these classes are over. */
  recovered(session: string, classes: readonly FaultClass[]): Incident[] {
    this.#awaitsQr.delete(session);
    const over = this.#ofSession(session).filter((incident) => !incident.busy && classes.includes(incident.class));
    for (const incident of over) this.close(incident);
    return over;
  }

  /** A repair ended with a QR to scan, and nothing has connected since. */
  needsScan(session: string): boolean {
    return this.#awaitsQr.has(session);
  }

  hasIncident(session: string, besides?: Incident): boolean {
    return this.#ofSession(session).some((incident) => incident !== besides);
  }

  isRepairing(session: string): boolean {
    return this.#repairing.has(session);
  }

  close(incident: Incident): void {
    this.#incidents.delete(incident.key);
  }

  mute(session: string, until: number | null): void {
    if (until === null) this.#muted.delete(session);
    else this.#muted.set(session, until);
    this.#wake(this.#ofSession(session));
  }

  /** `until` Infinity: until resumed; null: resume now, and every waiting incident is due. */
  pause(until: number | null): void {
    this.pausedUntil = until;
    if (until === null) this.#wake(this.incidents());
  }

  mutedUntil(session: string): number | null {
    return this.#muted.get(session) ?? null;
  }

  #wake(incidents: Incident[]): void {
    for (const incident of incidents) incident.retryAt = 0;
  }

  #ofSession(session: string): Incident[] {
    return this.incidents().filter((incident) => sessionOf(incident) === session);
  }

  #budgetOf(session: string): Budget {
    const known = this.#budgets.get(session);
    if (known) return known;
    const fresh = new Budget(SESSION_BUDGET.capacity, SESSION_BUDGET.refillMs);
    this.#budgets.set(session, fresh);
    return fresh;
  }

  #rule(incident: Incident, decision: Decision, now: number): Ruling {
    if ('act' in decision) {
      incident.busy = true;
      incident.retryAt = null;
      incident.lastRefusal = null;
      return { incident, decision, firstTold: true };
    }
    if (decision.refused === 'correlated-failure') incident.heldAt = now;
    if (decision.refused === 'fault-not-proven') incident.networkDoubted = true;
    incident.lastRefusal = decision.refused;
    const told = incident.refusals.get(decision.refused) ?? 0;
    incident.refusals.set(decision.refused, told + 1);
    incident.reasons.set(decision.refused, decision.reason);
    incident.retryAt = endsByItself(decision.refused) ? (decision.until ?? now + LOOK_AGAIN_MS) : null;
    return { incident, decision, firstTold: told === 0 };
  }

  #question(incident: Incident, around: Surroundings, now: number): Question {
    const session = sessionOf(incident);
    const standing: Standing = {
      now,
      windowMs: this.#settings.windowMs,
      pausedUntil: this.pausedUntil,
      mutedUntil: session === null ? null : this.mutedUntil(session),
      container: around.container,
      repairing: session !== null && this.#repairing.has(session),
      repairsUnderWay: this.#repairing.size,
      maxRepairs: MAX_REPAIRS_AT_ONCE,
      brokeTogether: this.#together.count(incident, around.gatewaySessions, this.incidents(), now),
      massFailure: massFailureLimit(this.#settings.massFailure, around.gatewaySessions.length),
      cooldownUntil: session === null ? null : this.history.cooldownUntil(session),
      budgets: session === null ? [] : [this.#budgetOf(session), this.#overall],
    };
    const lastRung = session === null ? null : this.history.lastRung(session, incident.class, now);
    return { incident, standing, policy: this.#settings, lastRung };
  }
}

/** A name that no list knows gets no better by waiting; everything else is looked at again. */
const endsByItself = (code: RefusalCode): boolean => code !== 'unknown-session' && code !== 'not-attributed';

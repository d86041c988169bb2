import type { Look } from '../decide/decide.ts';
import type { Surroundings } from '../decide/desk.ts';
import { isOver, needsALook, recount } from '../decide/evidence.ts';
import type { Incident } from '../decide/incident.ts';
import type { Reading } from '../detect/firing.ts';
import { fromMs, toMs } from '../event-time.ts';
import { Interrupted } from '../repair/faults.ts';
import type { CaretakerParts } from './parts.ts';
import { nowKnown } from './strangers.ts';
import { isBeingStarted, Suspects, type Suspect } from './suspects.ts';
import { Turns } from './turns.ts';
import type { Delivery } from '../watch/watcher.ts';
import type { Firing, Hit, LogLine, Nanos, Outcome, Plan, ProbeResult } from '../words.ts';
import { brokenAmong } from './whose.ts';

/** After a crash the last sign of life may be that much older than it was; it only starts probes. */
const STORE_ACTIVITY_MS = 10_000;

/** Forty sessions that fail together are not asked all at once: the gateway has trouble enough. */
const LOOKS_AT_ONCE = 4;

/** A gateway that answers and a WhatsApp that is reachable: what broke many sessions together is over. */
const endsTheHold = (look: Look): boolean => look.gatewayAnswers && (look.probe.probe === 'healthy' || look.whatsappReachable);

/**
 * Carries what is read to the one who decides, and what is decided to the one who repairs. Holds no rule of its
 * own: detector, desk and repairer do; the replay drives the same three.
 */
export class Caretaker {
  readonly #parts: CaretakerParts;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #looks = new Turns(LOOKS_AT_ONCE);
  readonly #suspects = new Suspects();
  #activityStoredAt = 0;
  #stopping = false;

  constructor(parts: CaretakerParts) {
    this.#parts = parts;
  }

  /** Reads lines and their cursor; both are stored in one transaction. */
  receive({ lines, cursor }: Delivery): void {
    const { records } = this.#parts;
    for (const line of lines) {
      const readings = this.#read(line);
      if (readings.length > 0) this.#take(readings);
    }
    records.stageCursor(cursor.containerId, cursor.container, cursor.json);
  }

  /** A fault of ours in one line must not stop its log: it would meet us again for ever. */
  #read(line: LogLine): readonly Reading[] {
    try {
      return this.#parts.detector.read(line);
    } catch (error) {
      this.#parts.announcer.unreadable(error as Error);
      return [];
    }
  }

  /** Moves what waits for time: provisional hits, incidents whose obstacle may have ended. Call about once a second. */
  tick(): void {
    const { announcer, detector, desk, clock, windowMs } = this.#parts;
    const now = clock.now();
    this.#take(detector.tick(now));
    this.#storeActivity(now);
    for (const over of desk.sweep(now)) announcer.quiet(over);
    announcer.sharedObstaclesAmong(desk.incidents());
    if (this.#stopping) return;
    for (const { stranger, firing } of nowKnown(desk.incidents(), this.#parts.resolve)) {
      desk.close(stranger);
      this.fired(firing);
    }
    for (const suspect of this.#suspects.due(now)) this.#start(this.#lookAtSuspect(suspect));
    for (const incident of desk.due(now)) {
      recount(incident, detector, now);
      if (isOver(incident, now, windowMs) && !needsALook(incident)) {
        desk.close(incident);
        announcer.quiet(incident);
      } else this.#start(this.#consider(incident));
    }
  }

  /** A repair asked for by a human or a check: through the governor's hard rules, not the ladder. */
  async repairNow(plan: Plan): Promise<Outcome> {
    this.#parts.desk.began(plan.session, this.#parts.clock.now());
    return this.#run(plan);
  }

  /** A look that failed outside any window (a suspect line, a health round) opens an incident of its own. */
  sick(session: string, pattern: string, saw: string, found?: string): void {
    const now = this.#parts.clock.now();
    const firing: Firing = {
      at: fromMs(now), class: 'disconnect', who: { session, by: 'named' }, count: 1, patterns: { [pattern]: 1 }, evidence: [saw], ...(found === undefined ? {} : { found }),
    };
    this.fired(firing);
  }

  /** Evidence over the limit, from a window or from elsewhere: decided on now, or only counted. */
  fired(firing: Firing): void {
    this.#parts.figures.firing(firing.class);
    const incident = this.#parts.desk.report(firing, this.#parts.clock.now());
    if (incident && !this.#stopping) this.#start(this.#consider(incident));
  }

  /** A backup was put back by hand: what was counted before is spent. */
  restored(outcome: Outcome): Outcome {
    this.#parts.detector.clear(outcome.session, undefined, fromMs(outcome.endedAt));
    this.#parts.announcer.outcome(outcome);
    return outcome;
  }

  /** A repair that a cut had left open has ended. */
  recovered(outcome: Outcome): void {
    const { detector, desk } = this.#parts;
    detector.clear(outcome.session, undefined, fromMs(outcome.endedAt));
    desk.ended(outcome, outcome.class ?? null, this.#parts.clock.now());
    this.#parts.announcer.outcome(outcome);
  }

  /** Takes nothing new and resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.allSettled(this.#underWay);
  }

  #take(readings: readonly Reading[]): void {
    const { records } = this.#parts;
    for (const { hit, firing, fresh } of readings) {
      if (fresh) this.#note(hit);
      if ('session' in hit.who) this.#parts.heard?.(hit);
      // Not only when fresh: the word of a dead browser comes behind its `Page Closed` and is the same cause.
      if (hit.suspect) this.#suspect(hit);
      if (!firing) continue;
      records.flush();
      this.fired(firing);
    }
  }

  #note(hit: Hit): void {
    const { announcer, records } = this.#parts;
    this.#parts.figures.hit(hit.class);
    records.stageHit(hit);
    if (!('session' in hit.who)) return;
    const { session } = hit.who;
    if (hit.class === 'recovery') this.#recovered(session, hit);
    if (hit.class === 'logout') announcer.loggedOut(session, hit.pattern, hit.advice);
  }

  /** Where two processes fight for one login, a connection that opens is no news. */
  #recovered(session: string, { pattern, clears = [] }: Hit): void {
    const { announcer, clock, desk, detector } = this.#parts;
    const over = desk.recovered(session, clears).length;
    if (detector.look(session, clock.now()).loggedOutSince === null) announcer.worksAgain(session, pattern, over, desk.hasIncident(session));
  }

  #storeActivity(now: number): void {
    if (Math.abs(now - this.#activityStoredAt) < STORE_ACTIVITY_MS) return;
    this.#activityStoredAt = now;
    const { detector, records } = this.#parts;
    for (const session of this.#parts.sessions()) {
      for (const [event, at] of Object.entries(detector.look(session, now).activity)) records.stageActivity(session, event, at);
    }
  }

  #suspect(hit: Hit): void {
    const now = this.#parts.clock.now();
    if (now - toMs(hit.at) > this.#parts.windowMs) return;
    if ('session' in hit.who) this.#suspects.heard(hit.who.session, hit, true, now);
    else if (hit.who.refused === 'not-attributed') for (const session of this.#parts.sessionsIn(hit.container)) this.#suspects.heard(session, hit, false, now);
  }

  async #lookAtSuspect(suspect: Suspect): Promise<void> {
    const { session, hit, named } = suspect;
    const { clock, desk, detector } = this.#parts;
    if (desk.isRepairing(session) || isBeingStarted(suspect, detector.look(session, clock.now()), clock.now())) return;
    const probe = await this.#probe(session, hit.at);
    if (this.#stopping) return;
    // A session that is `closed` after such a line was closed by somebody: a browser that dies leaves CONNECTED behind.
    if (probe.probe === 'zombie' || (named && probe.probe === 'starting')) this.sick(session, hit.pattern, probe.saw);
  }

  async #consider(incident: Incident): Promise<void> {
    const { announcer, desk, clock } = this.#parts;
    const session = 'session' in incident.firing.who ? incident.firing.who.session : null;
    const around: Surroundings = session === null ? { container: 'unknown', gatewaySessions: [] } : this.#parts.surroundings(session, incident.newest);
    const heldBefore = incident.lastRefusal === 'correlated-failure';
    const early = desk.beforeLooking(incident, around, clock.now());
    const broken = session === null ? await brokenAmong(incident.firing, this.#parts.sessionsIn, (one) => this.#probe(one, incident.newest)) : [];
    if (early) announcer.ruling(early, null, broken.map((one) => one.session));
    for (const one of broken) this.sick(one.session, Object.keys(incident.firing.patterns)[0] ?? 'not-attributed', one.saw);
    if (session === null) return;
    const stillHeld = early !== null && 'refused' in early.decision && early.decision.refused === 'correlated-failure';
    if (early && !(stillHeld && heldBefore)) return;
    incident.busy = true;
    const look = await this.#looks.inTurn(() => this.#parts.look(session, incident.newest, incident.firing.since)).finally(() => { incident.busy = false; });
    this.#parts.figures.probe(look.probe.probe);
    if (this.#stopping || (stillHeld && !endsTheHold(look))) return;
    const ruling = desk.decide(incident, stillHeld ? { ...around, gatewaySessions: [] } : around, look, clock.now());
    announcer.ruling(ruling, look);
    if ('refused' in ruling.decision && ruling.decision.refused === 'healthy-now' && !desk.hasIncident(session, incident)) announcer.seenWell(session, look.probe.saw);
    if ('act' in ruling.decision) {
      desk.began(session, clock.now());
      await this.#run(ruling.decision.act);
    }
  }

  async #probe(session: string, newest: Nanos): Promise<ProbeResult> {
    const { probe } = await this.#looks.inTurn(() => this.#parts.look(session, newest));
    this.#parts.figures.probe(probe.probe);
    return probe;
  }

  async #run(plan: Plan): Promise<Outcome> {
    const { clock, desk, detector, repairer, records } = this.#parts;
    records.flush();
    const startedAt = clock.now();
    const ended = (result: Outcome['result'], detail: string): Outcome => ({
      session: plan.session, rung: plan.rung, result, detail, startedAt, endedAt: clock.now(), backup: null,
    });
    const target = this.#parts.target(plan.session);
    const outcome = target === null
      ? { ...ended('refused', 'no list names it any more; nothing was touched'), code: 'unknown-session' as const }
      : await repairer.run(plan, target).catch((error: unknown) => {
        if (error instanceof Interrupted) return error;
        return ended('failed', (error as Error).message);
      });
    // Not over yet: its outcome comes by `recovered`, and nothing else is done to the session until then.
    if (outcome instanceof Interrupted) return ended('failed', `not at its end yet: ${outcome.message}`);
    detector.clear(plan.session, undefined, fromMs(outcome.endedAt));
    desk.ended(outcome, plan.class ?? null, clock.now());
    this.#parts.announcer.outcome(outcome);
    return outcome;
  }

  #start(work: Promise<unknown>): void {
    const watched = work.catch((error: Error) => this.#parts.announcer.ownFault(error));
    this.#underWay.add(watched);
    void watched.finally(() => this.#underWay.delete(watched));
  }
}

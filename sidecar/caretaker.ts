import type { Clock } from './clock.ts';
import { describe, inWords, type Look } from './decide/decide.ts';
import type { Desk, Ruling, Surroundings } from './decide/desk.ts';
import { isOver, recount } from './decide/evidence.ts';
import { nameOf, type Incident } from './decide/incident.ts';
import type { Detector, Reading } from './detect/detector.ts';
import { fromMs } from './event-time.ts';
import type { Target } from './fleet.ts';
import { Interrupted } from './repair/faults.ts';
import type { Repairer } from './repair/runner.ts';
import type { Alerter } from './report/alerts.ts';
import type { Metrics } from './report/metrics.ts';
import type { Records } from './state/records.ts';
import type { Delivery } from './watch/watcher.ts';
import type { Firing, Hit, Nanos, Outcome, Plan } from './words.ts';

export interface CaretakerParts {
  detector: Detector;
  desk: Desk;
  records: Records;
  repairer: Pick<Repairer, 'run'>;
  clock: Clock;
  windowMs: number;
  /** Null for a session that no list names any more. */
  target(session: string): Target | null;
  surroundings(session: string): Surroundings;
  /** All known sessions. */
  sessions(): readonly string[];
  look(session: string, newestEvidence: Nanos): Promise<Look>;
  /** One line of the operator's log. */
  tell(level: 'info' | 'warn', message: string, session?: string): void;
  /** What a human should know now: one matter per key until it is resolved. */
  alerts: Alerter;
  figures: Pick<Metrics, 'hit' | 'firing' | 'refusal' | 'repair' | 'probe'>;
}

/** A close takes about a second to print all its lines; a look before that sees half of it. */
const LET_IT_FINISH_MS = 3000;
/** One suspect line is one look; a burst of them is not worth more. */
const SUSPECT_REST_MS = 60_000;

/** After a crash the last sign of life may be that much older than it was; it only starts probes. */
const STORE_ACTIVITY_MS = 10_000;

/** Refusals that leave a session broken until a human does something. */
const WORTH_AN_ALERT = new Set([
  'waiting-for-human', 'correlated-failure', 'gateway-unreachable', 'backup-impossible', 'ladder-spent', 'fault-not-proven', 'not-attributed',
]);

/**
 * Carries what is read to the one who decides, and what is decided to the one who repairs. Holds no rule of its
 * own: detector, desk and repairer do; the replay drives the same three.
 */
export class Caretaker {
  readonly #parts: CaretakerParts;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #lastSuspectLook = new Map<string, number>();
  #activityStoredAt = 0;
  #stopping = false;

  constructor(parts: CaretakerParts) {
    this.#parts = parts;
  }

  /** Reads lines and their cursor; both are stored in one transaction. */
  receive({ lines, cursor }: Delivery): void {
    const { detector, records } = this.#parts;
    for (const line of lines) {
      const readings = detector.read(line);
      if (readings.length > 0) this.#take(readings);
    }
    records.stageCursor(cursor.containerId, cursor.container, cursor.json);
  }

  /** Moves what waits for time: provisional hits, incidents whose obstacle may have ended. Call about once a second. */
  tick(): void {
    const { detector, desk, clock, windowMs } = this.#parts;
    const now = clock.now();
    this.#take(detector.tick(now));
    this.#storeActivity(now);
    desk.sweep(now);
    if (this.#stopping) return;
    for (const incident of desk.due(now)) {
      recount(incident, detector, now);
      if (isOver(incident, now, windowMs) && incident.heldAt === null && !hasFailedRepair(incident)) this.#closeQuietly(incident);
      else this.#start(this.#consider(incident));
    }
  }

  /** A repair asked for by a human or a check: through the governor's hard rules, not the ladder. */
  async repairNow(plan: Plan): Promise<Outcome> {
    this.#parts.desk.began(plan.session, this.#parts.clock.now());
    return this.#run(plan, 'disconnect');
  }

  /** A look that failed outside any window (a suspect line, a health round) opens an incident of its own. */
  sick(session: string, pattern: string, saw: string): void {
    const now = this.#parts.clock.now();
    const firing: Firing = {
      at: fromMs(now), class: 'disconnect', who: { session, by: 'named' }, count: 1, patterns: { [pattern]: 1 }, evidence: [saw],
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
    this.#announceOutcome(outcome);
    return outcome;
  }

  /** A repair that a cut had left open has ended. */
  recovered(outcome: Outcome): void {
    const { detector, desk } = this.#parts;
    detector.clear(outcome.session, undefined, fromMs(outcome.endedAt));
    desk.ended(outcome, 'disconnect', this.#parts.clock.now());
    this.#announceOutcome(outcome);
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
      if (!firing) continue;
      records.flush();
      this.fired(firing);
    }
  }

  #note(hit: Hit): void {
    const { alerts, records } = this.#parts;
    this.#parts.figures.hit(hit.class);
    records.stageHit(hit);
    if (!('session' in hit.who)) return;
    const { session } = hit.who;
    if (hit.class === 'recovery') this.#backAgain(session, hit.pattern);
    if (hit.class === 'logout')
      alerts.alert({ key: `logout ${session}`, session, kind: 'logout', message: hit.advice ?? `logged out (${hit.pattern}); only a new QR scan brings it back: auto-fix qr ${session}` });
    if (hit.suspect) this.#start(this.#lookAtSuspect(session, hit));
  }

  #backAgain(session: string, pattern: string): void {
    const over = this.#parts.desk.recovered(session);
    if (over.length > 0) this.#parts.tell('info', `works again (${pattern})`, session);
    for (const key of [`logout ${session}`, `session ${session}`]) this.#parts.alerts.resolved(key, `works again (${pattern})`);
  }

  #storeActivity(now: number): void {
    if (now - this.#activityStoredAt < STORE_ACTIVITY_MS) return;
    this.#activityStoredAt = now;
    const { detector, records } = this.#parts;
    for (const session of this.#parts.sessions()) {
      for (const [event, at] of Object.entries(detector.look(session, now).activity)) records.stageActivity(session, event, at);
    }
  }

  async #lookAtSuspect(session: string, hit: Hit): Promise<void> {
    const { clock, desk } = this.#parts;
    const now = clock.now();
    if (now - (this.#lastSuspectLook.get(session) ?? Number.NEGATIVE_INFINITY) < SUSPECT_REST_MS) return;
    if (now - Number(hit.at / 1_000_000n) > this.#parts.windowMs) return;
    this.#lastSuspectLook.set(session, now);
    await clock.sleep(LET_IT_FINISH_MS);
    if (this.#stopping || desk.isRepairing(session)) return;
    const { probe } = await this.#parts.look(session, hit.at);
    this.#parts.figures.probe(probe.probe);
    // A session that is `closed` after such a line was closed by somebody: a browser that dies leaves CONNECTED behind.
    if (probe.probe === 'zombie' || probe.probe === 'starting') this.sick(session, hit.pattern, probe.saw);
  }

  async #consider(incident: Incident): Promise<void> {
    const { desk, clock } = this.#parts;
    const session = 'session' in incident.firing.who ? incident.firing.who.session : null;
    const around: Surroundings = session === null ? { container: 'unknown', gatewaySessions: [] } : this.#parts.surroundings(session);
    const early = desk.beforeLooking(incident, around, clock.now());
    if (early || session === null) return early ? this.#announce(early, null) : undefined;
    incident.busy = true;
    const look = await this.#parts.look(session, incident.newest).finally(() => { incident.busy = false; });
    this.#parts.figures.probe(look.probe.probe);
    if (this.#stopping) return;
    const ruling = desk.decide(incident, around, look, clock.now());
    this.#announce(ruling, look);
    if ('act' in ruling.decision) {
      desk.began(session, clock.now());
      await this.#run(ruling.decision.act, incident.class);
    }
  }

  async #run(plan: Plan, cls: Incident['class']): Promise<Outcome> {
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
        if (error instanceof Interrupted) return null;
        return ended('failed', (error as Error).message);
      });
    if (outcome === null) return ended('failed', 'the sidecar is stopping; the repair is finished or taken back at the next start');
    detector.clear(plan.session, undefined, fromMs(outcome.endedAt));
    desk.ended(outcome, cls, clock.now());
    this.#parts.figures.repair(outcome.rung, outcome.result, outcome.downtimeMs ?? undefined);
    this.#announceOutcome(outcome);
    return outcome;
  }

  #announce({ incident, decision, firstTold }: Ruling, look: Look | null): void {
    const { tell, alerts, windowMs } = this.#parts;
    const session = 'session' in incident.firing.who ? incident.firing.who.session : undefined;
    if ('act' in decision) return tell('info', decision.act.reason, session);
    this.#parts.figures.refusal(decision.refused);
    if (!firstTold) return;
    const counted = look ? describe(incident.firing, look.probe, decision.rung, windowMs) : countedWords(incident.firing, windowMs);
    const message = `${counted}; not repaired: ${decision.refused} (${decision.reason})`;
    if (WORTH_AN_ALERT.has(decision.refused)) alerts.alert({ key: `session ${nameOf(incident.firing)}`, session, kind: decision.refused, message });
    else tell('info', message, session);
  }

  #announceOutcome(outcome: Outcome): void {
    const { tell, alerts } = this.#parts;
    const { session, rung, result, detail } = outcome;
    const alert = (message: string): void => alerts.alert({ key: `session ${session}`, session, kind: outcome.code ?? result, message });
    const took = inSeconds(outcome.endedAt - outcome.startedAt);
    if (result === 'fixed') {
      tell('info', `fixed by ${rung} in ${took}: ${detail}`, session);
      alerts.resolved(`session ${session}`, `fixed by ${rung}`);
    } else if (result === 'refused') alert(`not repaired: ${outcome.code} (${detail})`);
    else if (result === 'needs-qr') alert(`needs a QR scan after ${rung}: ${detail}`);
    else alert(`${result} (${rung}, after ${took}): ${detail}`);
  }

  #closeQuietly(incident: Incident): void {
    this.#parts.desk.close(incident);
    if ('session' in incident.firing.who) this.#parts.tell('info', `${incident.class} incident over: quiet for ${inWords(this.#parts.windowMs)}`, incident.firing.who.session);
  }

  #start(work: Promise<unknown>): void {
    const watched = work.catch((error: Error) => this.#parts.alerts.alert({ key: 'own fault', kind: 'own-fault', message: `the sidecar itself failed while deciding: ${error.message}; the incident is looked at again` }));
    this.#underWay.add(watched);
    void watched.finally(() => this.#underWay.delete(watched));
  }
}

/** After a repair that failed the session may be silent because it is dead: quiet is no proof, it is looked at. */
const hasFailedRepair = (incident: Incident): boolean => incident.failedRepairs > 0;

const countedWords = (firing: Firing, windowMs: number): string => describe(firing, { probe: 'unknown', saw: '' }, null, windowMs).replace('; probe unknown', '');
const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

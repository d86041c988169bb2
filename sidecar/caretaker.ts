import type { Clock } from './clock.ts';
import { describe, inWords, type Look } from './decide/decide.ts';
import type { Desk, Ruling, Surroundings } from './decide/desk.ts';
import { isOver, recount } from './decide/evidence.ts';
import { nameOf, type Incident } from './decide/incident.ts';
import type { Detector, Reading } from './detect/detector.ts';
import { fromMs } from './event-time.ts';
import type { Repairer } from './repair/repairer.ts';
import type { Target } from './fleet.ts';
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
  target(session: string): Target;
  surroundings(session: string): Surroundings;
  sessionsIn(container: string): readonly string[];
  look(session: string, newestEvidence: Nanos): Promise<Look>;
  /** One line of the operator's log. */
  tell(level: 'info' | 'warn', message: string, session?: string): void;
  /** Something a human should know now; `resolved` when it is over. One alert per key until then. */
  alert(key: string, message: string, session?: string): void;
  resolved(key: string, message: string, session?: string): void;
  count(what: 'hit' | 'firing' | 'refusal' | 'outcome' | 'probe', label: string): void;
}

/** A close takes about a second to print all its lines; a look before that sees half of it. */
const LET_IT_FINISH_MS = 3000;
/** One suspect line is one look; a burst of them is not worth more. */
const SUSPECT_REST_MS = 60_000;

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
    const incident = this.#parts.desk.report(firing, now);
    if (incident) this.#start(this.#consider(incident));
  }

  /** Takes nothing new and resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.allSettled(this.#underWay);
  }

  #take(readings: readonly Reading[]): void {
    const { desk, records, clock } = this.#parts;
    for (const { hit, firing, fresh, retracts } of readings) {
      if (retracts) records.stageRetraction(retracts);
      if (fresh) this.#note(hit);
      if (!firing) continue;
      records.flush();
      this.#parts.count('firing', firing.class);
      const incident = desk.report(firing, clock.now());
      if (incident && !this.#stopping) this.#start(this.#consider(incident));
    }
  }

  #note(hit: Hit): void {
    const { desk, records } = this.#parts;
    this.#parts.count('hit', hit.class);
    records.stageHit(hit);
    if (!('session' in hit.who)) return;
    const { session } = hit.who;
    if (hit.class === 'recovery') this.#backAgain(session, hit.pattern);
    if (hit.class === 'logout') {
      desk.loggedOut(session);
      this.#parts.alert(`logout ${session}`, `unlinked, banned or replaced (${hit.pattern}): only a human with the phone can bring it back; scan its QR`, session);
    }
    if (hit.suspect) this.#start(this.#lookAtSuspect(session, hit));
  }

  #backAgain(session: string, pattern: string): void {
    const over = this.#parts.desk.recovered(session);
    if (over.length > 0) this.#parts.tell('info', `works again (${pattern})`, session);
    for (const key of [`logout ${session}`, `session ${session}`]) this.#parts.resolved(key, `works again (${pattern})`, session);
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
    this.#parts.count('probe', probe.probe);
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
    this.#parts.count('probe', look.probe.probe);
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
    const outcome = await repairer.run(plan, this.#parts.target(plan.session)).catch((error: Error): Outcome => ({
      session: plan.session, rung: plan.rung, result: 'failed', detail: error.message, startedAt, endedAt: clock.now(), backup: null,
    }));
    detector.clear(plan.session, undefined, fromMs(outcome.endedAt));
    desk.ended(outcome, cls, clock.now());
    this.#parts.count('outcome', `${outcome.rung} ${outcome.result}`);
    this.#announceOutcome(outcome);
    return outcome;
  }

  #announce({ incident, decision, firstTold }: Ruling, look: Look | null): void {
    const { tell, alert, windowMs } = this.#parts;
    const session = 'session' in incident.firing.who ? incident.firing.who.session : undefined;
    if ('act' in decision) return tell('info', decision.act.reason, session);
    this.#parts.count('refusal', decision.refused);
    if (!firstTold) return;
    const counted = look ? describe(incident.firing, look.probe, decision.rung, windowMs) : countedWords(incident.firing, windowMs);
    const message = `${counted}; not repaired: ${decision.refused} (${decision.reason})`;
    if (WORTH_AN_ALERT.has(decision.refused)) alert(`session ${nameOf(incident.firing)}`, message, session);
    else tell('info', message, session);
  }

  #announceOutcome(outcome: Outcome): void {
    const { tell, alert, resolved } = this.#parts;
    const { session, rung, result, detail } = outcome;
    const took = inSeconds(outcome.endedAt - outcome.startedAt);
    if (result === 'fixed') {
      tell('info', `fixed by ${rung} in ${took}: ${detail}`, session);
      resolved(`session ${session}`, `fixed by ${rung}`, session);
    } else if (result === 'refused') alert(`session ${session}`, `not repaired: ${outcome.code} (${detail})`, session);
    else if (result === 'needs-qr') alert(`session ${session}`, `needs a QR scan after ${rung}: ${detail}`, session);
    else alert(`session ${session}`, `${result} (${rung}, after ${took}): ${detail}`, session);
  }

  #closeQuietly(incident: Incident): void {
    this.#parts.desk.close(incident);
    if ('session' in incident.firing.who) this.#parts.tell('info', `${incident.class} incident over: quiet for ${inWords(this.#parts.windowMs)}`, incident.firing.who.session);
  }

  #start(work: Promise<unknown>): void {
    const watched = work.catch((error: Error) => this.#parts.alert('own fault', `the sidecar itself failed while deciding: ${error.message}; the incident is looked at again`));
    this.#underWay.add(watched);
    void watched.finally(() => this.#underWay.delete(watched));
  }
}

/** After a repair that failed the session may be silent because it is dead: quiet is no proof, it is looked at. */
const hasFailedRepair = (incident: Incident): boolean => incident.failedRepairs > 0;

const countedWords = (firing: Firing, windowMs: number): string => describe(firing, { probe: 'unknown', saw: '' }, null, windowMs).replace('; probe unknown', '');
const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

import { isOver, recount } from './decide/evidence.ts';
import type { Look } from './decide/decide.ts';
import { Desk, type DeskSettings, type Ruling, type Surroundings } from './decide/desk.ts';
import type { Incident } from './decide/incident.ts';
import type { Detector } from './detect/detector.ts';
import type { Reading } from './detect/firing.ts';
import { eventTime, fromMs, msOf, toMs } from './event-time.ts';
import type { Stretch } from './watch/stretch.ts';
import type { LogLine, Nanos, Outcome, Plan, Rung } from './words.ts';

/** One decision of a replay, as it is printed. `rung` is null where it was refused, `refused` then the code. */
export interface ReplayDecision {
  at: string;
  session: string | null;
  class: string;
  count: number;
  rung: Rung | null;
  refused: string | null;
  patterns: Record<string, number>;
  evidence: string[];
}

export interface ReplayParts {
  detector: Detector;
  settings: DeskSettings;
  /** The sessions that are known. */
  sessions: readonly string[];
  /** Those of one container, where that is known: sessions of another gateway do not break together with these. */
  sessionsIn?: (container: string) => readonly string[];
}

/** What is over for hours is forgotten so often, in event time. */
const TIDY_EVERY_MS = 10 * 60_000;

/**
 * What the live stream would have decided on these lines: the same detector and desk on a virtual clock that is
 * the event time. The probe is `unknown`, and a repair is taken to end at once. Acts on nothing.
 * Lines come in the order of their event times; decisions are yielded in time order.
 */
export async function* replay(recorded: AsyncIterable<Stretch>, parts: ReplayParts): AsyncGenerator<ReplayDecision> {
  const stage = new Stage(parts);
  for await (const stretch of recorded) {
    stage.read(stretch);
    yield* stage.decisions.splice(0);
  }
  stage.end();
  yield* stage.decisions;
}

class Stage {
  readonly decisions: ReplayDecision[] = [];
  readonly #detector: Detector;
  readonly #desk: Desk;
  readonly #sessions: readonly string[];
  readonly #sessionsIn: (container: string) => readonly string[];
  readonly #windowMs: number;
  /** Virtual time: the newest event time read so far, in milliseconds. */
  #now = 0;
  #nextDue: number | null = null;
  #tidyAt = 0;

  constructor({ detector, settings, sessions, sessionsIn }: ReplayParts) {
    this.#detector = detector;
    this.#desk = new Desk(settings);
    this.#sessions = sessions;
    this.#sessionsIn = sessionsIn ?? (() => sessions);
    this.#windowMs = settings.windowMs;
  }

  read({ lines, seconds, nanos, length }: Stretch): void {
    for (let i = 0; i < length; i++) {
      const [line, second, nano] = [lines[i]!, seconds[i]!, nanos[i]!];
      const ms = msOf(second, nano);
      if (this.#nextDue !== null && ms >= this.#nextDue) this.#runTo(ms);
      if (ms >= this.#tidyAt) this.#tidy(ms);
      if (this.#detector.provisional) this.#settleUpTo(eventTime(second, nano));
      if (line === null) this.#detector.pass(second, nano);
      else if ('text' in line) this.#readLine(line, ms);
      else this.#detector.meet(line, second, nano);
    }
  }

  #readLine(line: LogLine, ms: number): void {
    const readings = this.#detector.read(line);
    if (readings.length === 0) return;
    this.#now = Math.max(this.#now, ms);
    this.#take(readings);
  }

  /** A recording is read in the order of its times, so what waits in one container is settled by the lines of another. */
  #settleUpTo(at: Nanos): void {
    const settled = this.#detector.settle(at);
    if (settled.length === 0) return;
    this.#now = Math.max(this.#now, toMs(at));
    this.#take(settled);
  }

  /** As the running sidecar does once a second. */
  #tidy(now: number): void {
    this.#tidyAt = now + TIDY_EVERY_MS;
    const settled = this.#detector.tick(now);
    if (settled.length === 0) return;
    this.#now = Math.max(this.#now, now);
    this.#take(settled);
  }

  /** What is provisional or waiting at the end of the recording is settled as if time went on without lines. */
  end(): void {
    this.#take(this.#detector.flush());
    this.#runTo(this.#now + this.#windowMs);
  }

  #runTo(now: number): void {
    for (;;) {
      const due = this.#desk.nextDue();
      if (due === null || due > now) break;
      this.#now = Math.max(this.#now, due);
      this.#take([...this.#detector.settle(fromMs(this.#now)), ...this.#detector.tick(this.#now)]);
      for (const incident of this.#desk.due(this.#now)) this.#reconsider(incident);
    }
    this.#now = Math.max(this.#now, now);
    this.#watchDeadline();
  }

  #take(readings: readonly Reading[]): void {
    for (const { hit, firing } of readings) {
      if (hit.class === 'recovery' && 'session' in hit.who) this.#desk.recovered(hit.who.session, hit.clears ?? []);
      const incident = firing && this.#desk.report(firing, this.#now);
      if (incident) this.#consider(incident);
    }
    this.#watchDeadline();
  }

  #reconsider(incident: Incident): void {
    recount(incident, this.#detector, this.#now);
    if (isOver(incident, this.#now, this.#windowMs)) this.#desk.close(incident);
    else this.#consider(incident);
  }

  #consider(incident: Incident): void {
    const around = this.#around(incident);
    const ruling = this.#desk.beforeLooking(incident, around, this.#now)
      ?? this.#desk.decide(incident, around, this.#unaidedLook(incident, around), this.#now);
    if (ruling.firstTold) this.decisions.push(printed(ruling, this.#now));
    if ('act' in ruling.decision) this.#pretendRepaired(ruling.decision.act, incident);
  }

  #around({ firing }: Incident): Surroundings {
    const here = firing.container === undefined ? [] : this.#sessionsIn(firing.container);
    const session = sessionOf({ firing });
    return { container: 'unknown', gatewaySessions: session !== null && here.includes(session) ? here : this.#sessions };
  }

  /** Nobody is asked in a replay. WhatsApp was reachable when a session lived while this one failed, or it started lately. */
  #unaidedLook({ firing }: Incident, { gatewaySessions }: Surroundings): Look {
    const session = sessionOf({ firing });
    const lifeOf = (one: string) => this.#detector.look(one, this.#now);
    const started = session === null ? null : lifeOf(session).lastRecovery;
    const alive = gatewaySessions.some((one) => (lifeOf(one).lastActivity ?? 0n) > (firing.since ?? firing.at))
      || (started !== null && started > fromMs(this.#now - 2 * this.#windowMs));
    const loggedOut = session !== null && lifeOf(session).loggedOutSince !== null;
    return { probe: { probe: 'unknown', saw: 'a replay asks nobody' }, gatewayAnswers: true, whatsappReachable: alive, tellsKeysFromLogin: true, loggedOut };
  }

  #pretendRepaired(plan: Plan, incident: Incident): void {
    const outcome: Outcome = {
      session: plan.session, rung: plan.rung, result: 'fixed', detail: 'assumed', startedAt: this.#now, endedAt: this.#now, backup: null,
    };
    this.#desk.began(plan.session, this.#now);
    this.#desk.ended(outcome, incident.class, this.#now);
    this.#detector.clear(plan.session, undefined, fromMs(this.#now));
  }

  #watchDeadline(): void {
    this.#nextDue = this.#desk.nextDue();
  }
}

function printed({ incident: { firing }, decision }: Ruling, now: number): ReplayDecision {
  return {
    at: new Date(now).toISOString(),
    session: sessionOf({ firing }) ?? (firing.who as { spelled?: string }).spelled ?? null,
    class: firing.class,
    count: firing.count,
    rung: 'act' in decision ? decision.act.rung : null,
    refused: 'act' in decision ? null : decision.refused,
    patterns: firing.patterns,
    evidence: firing.evidence,
  };
}

const sessionOf = ({ firing }: Pick<Incident, 'firing'>): string | null => ('session' in firing.who ? firing.who.session : null);

import { describe, inWords, type Look } from '../decide/decide.ts';
import type { Ruling } from '../decide/desk.ts';
import { nameOf, type Incident } from '../decide/incident.ts';
import { qrPath, whereTheQrIs } from '../health/qr-link.ts';
import type { Alerter } from '../report/alerts.ts';
import type { Metrics } from '../report/metrics.ts';
import type { Firing, Outcome, RefusalCode } from '../words.ts';

export interface AnnouncerParts {
  windowMs: number;
  /** One line of the operator's log. */
  tell(level: 'info' | 'warn', message: string, session?: string): void;
  /** What a human should know now: one matter per key until it is resolved. */
  alerts: Alerter;
  figures: Pick<Metrics, 'refusal' | 'repair'>;
  /** Notes that an outcome stands in the log now. */
  told?(outcome: Outcome): void;
  /** The address of that session's QR picture, where it is known. */
  qrLink?(session: string): string | undefined;
}

/** Refusals that leave a session broken until a human does something. */
const WORTH_AN_ALERT: ReadonlySet<RefusalCode> = new Set(['waiting-for-human', 'backup-impossible', 'ladder-spent', 'fault-not-proven', 'not-attributed'] as const);

/** One alert for all sessions held back by something beyond them. */
const HELD_BACK = 'sessions held back';

/** Obstacles that many sessions meet at once: one alert for all of them, a plain line for each. */
const SHARED: ReadonlyMap<RefusalCode, string> = new Map([
  ['correlated-failure', 'many sessions broke within 2 minutes: the network, WhatsApp or the gateway is down; repairs are on hold until a look shows otherwise'],
  ['gateway-unreachable', 'a gateway does not answer: its sessions cannot be looked at or repaired until it does; docker compose ps shows whether it runs'],
]);

/** Says what was decided and how it ended, in the words of the log file; each refusal once per incident. */
export class Announcer {
  readonly #parts: AnnouncerParts;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  /** `blamed`: sessions that a look found broken where the lines name nobody; then no human has to look for them. */
  ruling({ incident, decision, firstTold }: Ruling, look: Look | null, blamed: readonly string[] = []): void {
    const { tell, alerts, figures, windowMs } = this.#parts;
    const session = 'session' in incident.firing.who ? incident.firing.who.session : undefined;
    if ('act' in decision) return tell('info', decision.act.reason, session);
    figures.refusal(decision.refused);
    if (!firstTold) return;
    const counted = look ? describe(incident.firing, look.probe, decision.rung, windowMs) : countedWords(incident.firing, windowMs);
    const found = blamed.length > 0 ? `; a look found ${blamed.join(', ')} broken` : '';
    const message = `${session === undefined ? `${nameOf(incident.firing)}: ` : ''}${counted}; not repaired: ${decision.refused} (${decision.reason})${found}`;
    const shared = SHARED.get(decision.refused);
    if (shared && !alerts.open().some(({ key }) => key === HELD_BACK)) alerts.alert({ key: HELD_BACK, kind: decision.refused, message: shared });
    if (WORTH_AN_ALERT.has(decision.refused) && found === '') alerts.alert({ key: `session ${nameOf(incident.firing)}`, session, kind: decision.refused, message });
    else tell('info', message, session);
  }

  outcome(outcome: Outcome): void {
    this.#say(outcome, '');
    this.#parts.told?.(outcome);
  }

  /** An outcome of before the last stop. `stands`: whether the log has that line already, and only the note of it was cut off. */
  outcomeOfLastTime(outcome: Outcome, stands: (message: string, session: string) => boolean): void {
    const ended = `; it ended at ${new Date(outcome.endedAt).toISOString()}, and a cut kept it from being told`;
    if (!stands(outcomeInWords(outcome), outcome.session)) this.#say(outcome, ended);
    this.#parts.told?.(outcome);
  }

  #say(outcome: Outcome, addition: string): void {
    const { tell, alerts, figures } = this.#parts;
    const { session, rung, result, code } = outcome;
    const message = outcomeInWords(outcome) + addition;
    figures.repair(rung, result, outcome.downtimeMs ?? undefined);
    if (result === 'fixed') {
      tell('info', message, session);
      alerts.resolved(`session ${session}`, `fixed by ${howOf(outcome)}`);
    } else alerts.alert({ key: `session ${session}`, session, kind: code ?? result, message, event: true, ...(result === 'needs-qr' && { link: this.#parts.qrLink?.(session) }) });
  }

  /** `otherTrouble`: an incident of another class goes on, such as keys that a connection says nothing about. */
  worksAgain(session: string, pattern: string, incidentsEnded: number, otherTrouble: boolean): void {
    if (incidentsEnded > 0) this.#parts.tell('info', `works again (${pattern})`, session);
    for (const key of [`logout ${session}`, ...(otherTrouble ? [] : [`session ${session}`])]) this.#parts.alerts.resolved(key, `works again (${pattern})`);
  }

  /** A look found it healthy and no incident of it is open: what a human was called for is over. */
  seenWell(session: string, saw: string): void {
    for (const key of [`logout ${session}`, `session ${session}`]) this.#parts.alerts.resolved(key, `healthy again (${saw})`);
  }

  /** An incident ended because its lines stopped. */
  quiet({ firing, class: cls }: Incident): void {
    const quiet = `quiet for ${inWords(this.#parts.windowMs)}`;
    if ('session' in firing.who) this.#parts.tell('info', `${cls} incident over: ${quiet}`, firing.who.session);
    else this.#parts.alerts.resolved(`session ${nameOf(firing)}`, quiet);
  }

  loggedOut(session: string, pattern: string, advice: string | undefined): void {
    const message = `${advice ?? `logged out (${pattern}); only a new QR scan brings it back`}: ${whereTheQrIs(session)}`;
    this.#parts.alerts.alert({ key: `logout ${session}`, session, kind: 'logout', message, link: this.#parts.qrLink?.(session) });
  }

  /** A shared obstacle is over when the last incident that met it has got past it. */
  sharedObstaclesAmong(incidents: readonly Incident[]): void {
    const heldBack = incidents.some(({ lastRefusal }) => lastRefusal !== null && SHARED.has(lastRefusal));
    if (!heldBack) this.#parts.alerts.resolved(HELD_BACK, 'no session is held back any more');
  }

  unreadable(error: Error): void {
    this.#parts.alerts.alert({ key: 'own fault in a line', kind: 'own-fault', message: `the sidecar itself failed while reading a log line (${error.message}); the line is passed over, so a hit may be missing: please report it` });
  }

  ownFault(error: Error): void {
    this.#parts.alerts.alert({ key: 'own fault', kind: 'own-fault', message: `the sidecar itself failed while deciding (${error.message}); the incident is looked at again` });
  }
}

const countedWords = (firing: Firing, windowMs: number): string => describe(firing, { probe: 'unknown', saw: '' }, null, windowMs).replace('; probe unknown', '');

const howOf = ({ rung, restored }: Outcome): string => (restored === undefined ? rung : 'restore');

function outcomeInWords(outcome: Outcome): string {
  const { session, result, code, detail, startedAt, endedAt } = outcome;
  const took = `${((endedAt - startedAt) / 1000).toFixed(1)} s`;
  if (result === 'fixed') return `fixed by ${howOf(outcome)} in ${took}: ${detail}`;
  if (result === 'refused') return `not repaired: ${code} (${detail})`;
  if (result === 'needs-qr') return `needs a QR scan after ${howOf(outcome)}: ${detail}, or GET ${qrPath(session)}`;
  return `${result} (${howOf(outcome)}, after ${took}): ${detail}`;
}

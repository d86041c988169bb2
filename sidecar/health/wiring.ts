import type { Announcer } from '../caretaker/announcer.ts';
import type { Caretaker } from '../caretaker/caretaker.ts';
import type { Config } from '../config.ts';
import type { Desk } from '../decide/desk.ts';
import type { Detector } from '../detect/detector.ts';
import { fromMs, toMs } from '../event-time.ts';
import type { Fleet, Target } from '../fleet/fleet.ts';
import { askGateway } from '../caretaker/look.ts';
import type { Alerter } from '../report/alerts.ts';
import type { Metrics } from '../report/metrics.ts';
import type { Journal } from '../state/journal.ts';
import type { Records } from '../state/records.ts';
import { standingOf } from '../caretaker/surroundings.ts';
import type { WatchedContainer } from '../watch/watch-health.ts';
import type { Nanos } from '../words.ts';
import type { HealthMemory, StoredMemory } from './memory.ts';
import { qrLink, whereTheQrIs } from './qr-link.ts';
import { HealthRounds } from './rounds.ts';
import type { StatusBook } from './status-book.ts';

export interface HealthParts {
  config: Config;
  now(): number;
  fleet: Fleet;
  detector: Detector;
  desk: Desk;
  caretaker: Caretaker;
  announcer: Announcer;
  alerts: Alerter;
  journal: Journal;
  book: StatusBook;
  memory: HealthMemory;
  figures: Pick<Metrics, 'probe'>;
  containers(): readonly WatchedContainer[];
  lastActivity(session: string): Nanos | null;
  lastMessage(session: string): Nanos | null;
  tell(level: 'info' | 'warn', message: string, session?: string): void;
}

/** What is older than a day is told by the first looks. */
const STATUS_REACHES_BACK_MS = 24 * 3_600_000;

/** The true status as far as what is stored tells: hits, and when a look last found a session connected. */
export function restoreStatus(book: StatusBook, records: Records, memory: StoredMemory, now: number): void {
  for (const hit of records.hitsSince(fromMs(now - STATUS_REACHES_BACK_MS))) book.heard(hit);
  for (const [session, at] of memory.lastConnected()) book.looked(session, { probe: 'healthy', saw: 'a look found it healthy before the sidecar was restarted' }, at);
}

/** The health rounds of the running sidecar. */
export function healthRounds(parts: HealthParts): HealthRounds {
  const { config, now, fleet, detector, desk, caretaker, announcer, alerts, book } = parts;
  const { verifyAfterMs } = config.repair;
  const standing = (session: string) => standingOf(parts.containers(), fleet.target(session)?.container ?? null, now(), verifyAfterMs);
  return new HealthRounds({
    now, everyMs: config.decide.healthEveryMs, silentAfterMs: config.decide.silentAfterMs, leaveAloneMs: verifyAfterMs,
    sessions: () => fleet.names(),
    ask: (session, signal) => askGateway(fleet.target(session), signal),
    gatewayOf: (session) => asked(fleet.target(session))?.api.kind ?? null,
    knownTrouble: (gateway) => fleet.listings().some(({ source, failure }) => source === gateway && failure !== null),
    mayLook: (session) => !desk.isRepairing(session) && MAY_LOOK.has(standing(session)),
    seen(session) {
      const { lastRecovery, phase, phaseSince, loggedOutSince } = detector.look(session, now());
      return {
        lastActivity: msOf(parts.lastActivity(session)), lastMessage: msOf(parts.lastMessage(session)), lastRecovery: msOf(lastRecovery),
        startingSince: phase === 'starting' ? msOf(phaseSince) : null, loggedOut: loggedOutSince !== null,
      };
    },
    hasIncident: (session) => desk.hasIncident(session),
    closing(session) {
      const target = fleet.target(session);
      const last = parts.journal.history(session).find(({ outcome }) => outcome && outcome.result !== 'refused')?.outcome ?? null;
      const home = parts.containers().find(({ name, running }) => running && name === target?.container);
      return {
        ...book.closing(session),
        failedRepairAt: last && last.result !== 'fixed' ? last.endedAt : null,
        fixedAt: last?.result === 'fixed' ? last.endedAt : null,
        containerStartedAt: home?.startedAt ?? null,
        closesOnlyWhenAsked: target?.gateway?.api.kind === 'wppconnect',
      };
    },
    looked(session, probe, at) {
      parts.figures.probe(probe.probe);
      if (probe.probe === 'healthy' && !desk.hasIncident(session) && detector.look(session, at).loggedOutSince === null) announcer.seenWell(session, probe.saw);
      book.looked(session, probe, at, asked(fleet.target(session))?.api.kind === 'gateway-wrapper' ? 'gateway' : 'probe');
    },
    memory: parts.memory,
    findings: {
      sick: (session, pattern, saw, found) => caretaker.sick(session, pattern, saw, found),
      well: (session, saw) => announcer.worksAgain(session, saw, desk.recovered(session, ['disconnect']).length, desk.hasIncident(session)),
      needsScan(session, saw) {
        const told = [`session ${session}`, `logout ${session}`];
        if (alerts.open().some(({ key }) => told.includes(key))) return;
        alerts.alert({ key: `session ${session}`, session, kind: 'needs-qr', message: `needs a QR scan (${saw}); nothing else brings it back: ${whereTheQrIs(session)}`, link: qrLink(config.http, session) });
      },
      tell: parts.tell,
    },
  });
}

/** A container that is unknown (no Docker socket) hides no reason to leave the session alone. */
const MAY_LOOK: ReadonlySet<ReturnType<typeof standingOf>> = new Set(['running', 'unknown'] as const);

/** The gateway that a look asks. */
const asked = (target: Target | null) => target?.gateway ?? target?.front ?? null;
const msOf = (at: Nanos | null): number | null => (at === null ? null : toMs(at));

import { planByHand, type ByHandParts } from './caretaker/by-hand.ts';
import type { Caretaker } from './caretaker/caretaker.ts';
import type { Config } from './config.ts';
import type { Desk } from './decide/desk.ts';
import type { Incident } from './decide/incident.ts';
import type { Detector } from './detect/detector.ts';
import { iso, isoOfNanos } from './event-time.ts';
import { incidentsOf, repairEntry } from './house-entries.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { Backups } from './repair/backups.ts';
import { Interrupted } from './repair/faults.ts';
import { StoreError } from './stores/store.ts';
import type { Repairer } from './repair/runner.ts';
import { HouseError, type Health, type House, type SessionDetail, type SessionSummary, type TrueStatus } from './report/house.ts';
import type { Reporting } from './reporting.ts';
import type { Orders } from './state/orders.ts';
import type { Records } from './state/records.ts';
import { VERSION } from './version.ts';
import type { Watcher } from './watch/watcher.ts';
import type { StatusBook } from './health/status-book.ts';
import { QrDesk } from './health/qr-desk.ts';
import { planSteps } from './repair/steps.ts';

export interface HouseholdParts {
  config: Config;
  startedAt: number;
  now(): number;
  fleet: Fleet;
  watcher: Pick<Watcher, 'health'>;
  desk: Desk;
  detector: Detector;
  records: Records;
  orders: Orders;
  repairer: Repairer;
  backups: Backups;
  caretaker: Caretaker;
  report: Reporting;
  byHand: ByHandParts;
  book: StatusBook;
}

/** What the API and the commands see of the running sidecar. */
export function household(parts: HouseholdParts): House {
  const { fleet, desk, orders, repairer, backups, caretaker, report, now } = parts;
  const known = (spelled: string): string => {
    const session = fleet.resolve(spelled);
    if (session === null) throw new HouseError('not-found', `no list of the gateway or the stores names "${spelled}"; auto-fix status shows who is known`, 'unknown-session');
    return session;
  };
  const qrs = new QrDesk({
    now,
    // wppconnect-server shows the QR and nothing else happens; asking the wrapper makes a closed session connect.
    seats: (session) => [fleet.target(session)?.gateway, fleet.target(session)?.front].filter((seat) => seat != null).filter(({ api }) => api.can.has('qr')),
    start: (session) => startForScan(session, parts),
  });
  return {
    health: () => healthOf(parts),
    sessions: () => fleet.names().map((session) => summaryOf(session, parts)),
    session: (spelled) => detailOf(known(spelled), parts),
    incidents: () => incidentsOf(desk),
    alerts: () => report.alerts.open(),
    repairs: () => repairer.journal.history(null).map(repairEntry),
    async backups() {
      const strange: Error[] = [];
      const found = await backups.list(null, (error) => strange.push(error));
      for (const error of strange) report.tell('warn', error.message);
      return found.map(({ archiveBytes, ...one }) => ({ ...one, bytes: archiveBytes, at: iso(one.at)! }));
    },
    channels: () => channelIds(fleet).map(({ id, session }) => {
      const { status, since, source } = summaryOf(session, parts);
      return { id, status, since, source };
    }),
    async fix(spelled, { rung, dryRun }) {
      const plan = await planByHand(spelled, rung, parts.byHand);
      if (dryRun || parts.config.decide.dryRun) return { plan, outcome: null };
      report.tell('info', plan.reason, plan.session);
      return { plan, outcome: await caretaker.repairNow(plan) };
    },
    pause(forMs) {
      const until = forMs === null ? Number.POSITIVE_INFINITY : now() + forMs;
      orders.pause(until);
      desk.pause(until);
      report.tell('info', `all repairs are paused ${forMs === null ? 'until somebody resumes them' : `until ${iso(now() + forMs)}`}`);
    },
    resume() {
      orders.resume();
      desk.pause(null);
      report.tell('info', 'repairs are resumed');
    },
    mute(spelled, forMs) {
      const session = known(spelled);
      const until = forMs === null ? Number.POSITIVE_INFINITY : now() + forMs;
      orders.mute(session, until);
      desk.mute(session, until);
      report.tell('info', forMs === 0 ? 'no longer muted' : `muted ${forMs === null ? 'until unmuted (auto-fix mute SESSION --for 0s)' : `until ${iso(now() + forMs)}`}`, session);
    },
    async restore(backupId) {
      const spelled = backupId.replace(/\.tar\.zst$/, '');
      const backup = (await backups.list()).find(({ id }) => id === spelled);
      if (!backup) throw new HouseError('not-found', `there is no backup "${backupId}"; auto-fix backups lists them`);
      const session = known(backup.session);
      report.tell('info', `backup ${backup.id} is put back by hand`, session);
      return caretaker.restored(await backups.restore(backup.id, fleet.target(session, true)!).catch(sayAsItIs));
    },
    async qr(spelled) {
      const session = known(spelled);
      const answer = await qrs.show(session);
      if (answer === null) throw new HouseError('unavailable', `no gateway of ${session} can show a QR code`);
      return answer;
    },
    metrics: async () => ({ text: await report.metrics.text(), contentType: report.metrics.contentType }),
  };
}

/** The wrapper's channels under its own ids, so that its readers can be pointed here; every session where it lists none. */
function channelIds(fleet: Fleet): { id: string; session: string }[] {
  const listed = fleet.names().flatMap((session) => {
    const target = fleet.target(session);
    const wrapper = [target?.front, target?.gateway].find((seat) => seat?.api.kind === 'gateway-wrapper');
    return wrapper ? [{ id: wrapper.name, session }] : [];
  });
  return listed.length > 0 ? listed : fleet.names().map((session) => ({ id: session, session }));
}

/** A session that needs a scan and is closed has no QR to show: it is started, by the way of every repair. Null: it needs none. */
function startForScan(session: string, { desk, detector, caretaker, report, now }: HouseholdParts): string | null {
  if (desk.isRepairing(session)) return 'it is being started; ask again in a few seconds';
  if (detector.look(session, now()).loggedOutSince === null && !desk.needsScan(session)) return null;
  const reason = 'somebody wants to scan its QR code, and it is closed; reconnect';
  report.tell('info', reason, session);
  void caretaker.repairNow({ session, rung: 'reconnect', steps: planSteps('reconnect'), reason });
  return 'it was closed and is being started now so that it shows a QR code; ask again in a few seconds';
}

/** Red for our own faults only. */
export function healthOf({ config, startedAt, now, watcher, desk, fleet, report }: HouseholdParts): Health {
  const watch = watcher.health();
  const gateways = fleet.listings().map(({ source, answeredAt, failure }) => ({ kind: source, answers: answeredAt === null && failure === null ? null : failure === null, said: failure }));
  const faults = [...report.troubles(), ...(watch.ok ? [] : [watch.problem!])];
  const notes = [
    ...watch.absent.map((name) => `there is no container or Compose service ${name}`),
    ...gateways.filter(({ answers }) => answers === false).map(({ kind, said }) => `${kind}: ${said}`),
  ];
  return {
    ok: faults.length === 0, faults, notes, version: VERSION, startedAt: iso(startedAt)!,
    pausedUntil: endOf(desk.pausedUntil, now()),
    dryRun: config.decide.dryRun,
    containers: watch.containers.map(({ name, state, problem, lagMs, lines, reconnects, duplicatesDropped, skippedBytes }) =>
      ({ name, state, problem, lagMs, lines, reconnects, duplicatesDropped, skippedBytes })),
    gateways,
  };
}

export function summaryOf(session: string, { detector, desk, records, book, now }: HouseholdParts): SessionSummary {
  const view = detector.look(session, now());
  const stored = records.lastActivity(session)[0]?.at ?? null;
  const last = view.lastActivity ?? stored;
  const incident = desk.incidents().find(({ firing }) => 'session' in firing.who && firing.who.session === session);
  return {
    id: session,
    ...statusOf(session, book),
    hits: { corruption: view.corruption, disconnect: view.disconnect },
    lastActivity: last === null ? null : isoOfNanos(last),
    mutedUntil: endOf(desk.mutedUntil(session), now()),
    incident: incident ? `${incident.firing.count} ${incident.class} hits` : null,
  };
}

/** Lines, looks and words weighed together; the gateway's status word alone proves nothing. */
function statusOf(session: string, book: StatusBook): { status: TrueStatus; since: string | null; source: string; why: string } {
  const { status, since, source, why } = book.of(session);
  return { status, since: iso(since), source, why };
}

function detailOf(session: string, parts: HouseholdParts): SessionDetail {
  const { desk, records, repairer, now } = parts;
  const cooldown = desk.history.cooldownUntil(session);
  const incident = desk.incidents().find(({ firing }) => 'session' in firing.who && firing.who.session === session);
  const notBefore = Math.max(cooldown ?? 0, incident?.retryAt ?? 0);
  return {
    ...summaryOf(session, parts),
    events: records.lastActivity(session).map(({ event, at }) => ({ kind: event, at: isoOfNanos(at) })),
    repairs: repairer.journal.history(session).map(repairEntry),
    next: {
      rung: null,
      refused: incident?.lastRefusal ?? null,
      reason: desk.isRepairing(session) ? 'a repair is under way' : incident ? whyItWaits(incident) : NO_INCIDENT[statusOf(session, parts.book).status],
      notBefore: notBefore > now() ? iso(notBefore) : null,
    },
  };
}

/** What comes next where no incident is open. */
const NO_INCIDENT: Record<TrueStatus, string> = {
  connected: 'nothing is wrong',
  disconnected: 'no incident is open; three health rounds in a row that find it so, or new lines of trouble, open one',
  initializing: 'no incident is open; it is starting',
  qr_required: 'it waits for its QR code to be scanned', unpaired: 'it waits for its QR code to be scanned',
  unknown: 'no incident is open; the next health round looks at it',
};
const whyItWaits = ({ class: cls, lastRefusal, reasons }: Incident): string => (lastRefusal === null ? `an incident is open: ${cls}` : reasons.get(lastRefusal)!);

/** When a pause or a mute ends: null where it has, `''` where it lasts until somebody ends it. */
const endOf = (until: number | null, now: number): string | null => (until === null || until <= now ? null : (iso(until) ?? ''));

/** What is no fault of the sidecar's is said as it is: a restore that cannot be, or one whose outcome comes later, in the log. */
export function sayAsItIs(error: Error): never {
  if (error instanceof Interrupted) throw new HouseError('unavailable', `not at its end yet: ${error.message}`);
  if (error instanceof StoreError) throw new HouseError('refused', error.message, 'backup-impossible');
  throw error;
}

import { planByHand, type ByHandParts } from './by-hand.ts';
import type { Caretaker } from './caretaker.ts';
import type { Config } from './config.ts';
import type { Desk } from './decide/desk.ts';
import type { Detector, SessionView } from './detect/detector.ts';
import { isoOfNanos } from './event-time.ts';
import type { Fleet } from './fleet.ts';
import type { Backups } from './repair/backups.ts';
import type { Repairer } from './repair/runner.ts';
import { HouseError, type Health, type House, type IncidentEntry, type RepairEntry, type SessionDetail, type SessionSummary, type TrueStatus } from './report/house.ts';
import type { Reporting } from './reporting.ts';
import type { RepairRecord } from './state/journal.ts';
import type { Records } from './state/records.ts';
import { VERSION } from './version.ts';
import type { Watcher } from './watch/watcher.ts';
import type { Rung } from './words.ts';

export interface HouseholdParts {
  config: Config;
  startedAt: number;
  now(): number;
  fleet: Fleet;
  watcher: Watcher;
  desk: Desk;
  detector: Detector;
  records: Records;
  repairer: Repairer;
  backups: Backups;
  caretaker: Caretaker;
  report: Reporting;
  byHand: ByHandParts;
}

/** What the API and the commands see of the running sidecar. */
export function household(parts: HouseholdParts): House {
  const { fleet, desk, repairer, backups, caretaker, report, now } = parts;
  const known = (spelled: string): string => {
    const session = fleet.resolve(spelled);
    if (session === null) throw new HouseError('not-found', `no list of the gateway or the stores names "${spelled}"; auto-fix status shows who is known`, 'unknown-session');
    return session;
  };
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
    channels: () => fleet.names().map((session) => {
      const { status, since, source } = summaryOf(session, parts);
      return { id: session, status, since, source };
    }),
    async fix(spelled, { rung, dryRun }) {
      const plan = await planByHand(spelled, rung, parts.byHand);
      if (dryRun || parts.config.decide.dryRun) return { plan, outcome: null };
      report.tell('info', plan.reason, plan.session);
      return { plan, outcome: await caretaker.repairNow(plan) };
    },
    pause(forMs) {
      desk.pause(forMs === null ? Number.POSITIVE_INFINITY : now() + forMs);
      report.tell('info', `all repairs are paused ${forMs === null ? 'until somebody resumes them' : `until ${iso(now() + forMs)}`}`);
    },
    resume() {
      desk.pause(null);
      report.tell('info', 'repairs are resumed');
    },
    mute(spelled, forMs) {
      const session = known(spelled);
      desk.mute(session, forMs === null ? Number.POSITIVE_INFINITY : now() + forMs);
      report.tell('info', forMs === 0 ? 'no longer muted' : `muted ${forMs === null ? 'until unmuted (auto-fix mute SESSION --for 0s)' : `until ${iso(now() + forMs)}`}`, session);
    },
    async restore(backupId) {
      const backup = (await backups.list()).find(({ id }) => id === backupId);
      if (!backup) throw new HouseError('not-found', `there is no backup "${backupId}"; auto-fix backups lists them`);
      const session = known(backup.session);
      report.tell('info', `backup ${backupId} is put back by hand`, session);
      return caretaker.restored(await backups.restore(backupId, fleet.target(session)!));
    },
    async qr(spelled) {
      const target = fleet.target(known(spelled));
      const asked = [target?.front, target?.gateway].find((one) => one?.api.can.has('qr'));
      if (!asked) throw new HouseError('unavailable', `no gateway of ${spelled} can show a QR code`);
      return asked.api.qr(asked.name);
    },
    metrics: async () => ({ text: await report.metrics.text(), contentType: report.metrics.contentType }),
  };
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
  const paused = desk.pausedUntil !== null && desk.pausedUntil > now();
  return {
    ok: faults.length === 0, faults, notes, version: VERSION, startedAt: iso(startedAt)!,
    pausedUntil: paused ? (iso(desk.pausedUntil!) ?? '') : null,
    dryRun: config.decide.dryRun,
    containers: watch.containers.map(({ name, state, problem, lagMs, lines, reconnects, duplicatesDropped, skippedBytes }) =>
      ({ name, state, problem, lagMs, lines, reconnects, duplicatesDropped, skippedBytes })),
    gateways,
  };
}

export function summaryOf(session: string, { detector, desk, records, now }: HouseholdParts): SessionSummary {
  const view = detector.look(session, now());
  const stored = records.lastActivity(session)[0]?.at ?? null;
  const last = view.lastActivity ?? stored;
  const incident = desk.incidents().find(({ firing }) => 'session' in firing.who && firing.who.session === session);
  return {
    id: session,
    ...statusOf(view),
    hits: { corruption: view.corruption, disconnect: view.disconnect },
    lastActivity: last === null ? null : isoOfNanos(last),
    mutedUntil: iso(desk.mutedUntil(session)),
    incident: incident ? `${incident.firing.count} ${incident.class} hits` : null,
  };
}

/** What its own lines tell of its connection; the gateway's status word proves nothing. */
function statusOf(view: SessionView): { status: TrueStatus; since: string | null; source: string; why: string } {
  const since = (at: bigint | null): string | null => (at === null ? null : isoOfNanos(at));
  if (view.loggedOutSince !== null) return { status: 'unpaired', since: since(view.loggedOutSince), source: 'event', why: 'its log says it was unlinked, banned or replaced' };
  if (view.phase === 'closed') return { status: 'disconnected', since: null, source: 'event', why: 'its log says it was closed' };
  if (view.phase === 'starting') return { status: 'initializing', since: null, source: 'event', why: 'its log says it is starting' };
  if (view.phase === 'started' || view.lastActivity !== null) return { status: 'connected', since: since(view.lastRecovery), source: 'event', why: 'events come through it' };
  return { status: 'unknown', since: null, source: 'event', why: 'no line has told yet' };
}

function detailOf(session: string, parts: HouseholdParts): SessionDetail {
  const { desk, records, repairer, now } = parts;
  const cooldown = desk.history.cooldownUntil(session);
  const incident = desk.incidents().find(({ firing }) => 'session' in firing.who && firing.who.session === session);
  const notBefore = Math.max(cooldown ?? 0, incident?.retryAt ?? 0);
  const lastRefusal = incident ? [...incident.refusals.keys()].at(-1) : undefined;
  return {
    ...summaryOf(session, parts),
    events: records.lastActivity(session).map(({ event, at }) => ({ kind: event, at: isoOfNanos(at) })),
    repairs: repairer.journal.history(session).map(repairEntry),
    next: {
      rung: null,
      refused: lastRefusal ?? null,
      reason: desk.isRepairing(session) ? 'a repair is under way' : incident ? `an incident is open: ${incident.class}` : 'nothing is wrong',
      notBefore: notBefore > now() ? iso(notBefore) : null,
    },
  };
}

function incidentsOf(desk: Desk): IncidentEntry[] {
  return desk.incidents().map(({ firing, openedAt, refusals, class: cls }) => ({
    session: 'session' in firing.who ? firing.who.session : null,
    class: cls,
    openedAt: iso(openedAt)!,
    count: firing.count,
    patterns: firing.patterns,
    evidence: firing.evidence,
    refusals: [...refusals].map(([code, times]) => ({ code, times, reason: code })),
  }));
}

function repairEntry({ session, rung, outcome, openedAt }: RepairRecord): RepairEntry {
  return {
    session, rung: rung as Rung, result: outcome?.result ?? 'under way', detail: outcome?.detail ?? '',
    startedAt: iso(openedAt)!, endedAt: outcome ? iso(outcome.endedAt) : null, backup: outcome?.backup ?? null,
  };
}

const iso = (ms: number | null): string | null => (ms === null || !Number.isFinite(ms) ? null : new Date(ms).toISOString());

import type { DatabaseSync } from 'node:sqlite';
import type { Incident } from '../decide/incident.ts';
import { fromMs, toMs } from '../event-time.ts';
import { summaryOf, type HouseholdParts } from '../household.ts';
import type { TrueStatus } from '../report/house.ts';
import type { Metrics } from '../report/metrics.ts';
import type { Reporting } from '../reporting.ts';
import { DAY_MS, dayOf, IncidentHistory, SCHEMA, type Tally } from '../state/history-of-incidents.ts';
import type { Sought } from '../watch/glance.ts';
import type { LogLine } from '../words.ts';
import { figuresOf, summaryLine, type Figures } from './figures.ts';
import { WEBHOOK_NEWS, WebhookTrouble } from './webhook-trouble.ts';

/** Figures are written that often: a crash costs a minute of them. */
const WRITE_MS = 60_000;
/** A machine that slept, or a clock that jumped, is no time in which a session was up. */
const LONGEST_STEP_MS = 3 * WRITE_MS;

/** Scrapes come every few seconds at most. */
const FRESH_MS = 1_000;

const UP: ReadonlySet<TrueStatus> = new Set(['connected'] as const);
const DOWN: ReadonlySet<TrueStatus> = new Set(['disconnected', 'qr_required', 'unpaired', 'initializing'] as const);

/** Keeps the figures of the running sidecar: what is counted on the way goes to `/metrics` and into the state database. */
export interface Books {
  /** To be told in place of the metrics; passes everything on. */
  figures: Metrics;
  read(lines: readonly LogLine[]): void;
  /** What `read` looks for. */
  sought: Omit<Sought, 'signs'>;
  /** Call about once a second. */
  tick(): void;
  /** Writes what is not written yet. */
  close(): void;
  lastDay(): Figures;
  webhookFailures(): ReadonlyMap<string, number>;
}

/** `parts` is asked from the first tick on. */
export function bookkeeping(database: DatabaseSync, report: Reporting, parts: () => HouseholdParts): Books {
  database.exec(SCHEMA);
  const history = new IncidentHistory(database);
  const webhooks = new WebhookTrouble(report.alerts);
  const counts = new Map<Tally, number>();
  const open = new Map<Incident, number>();
  let writtenAt: number | null = null;
  let asked: { at: number; figures: Figures } | null = null;
  const count = (what: Tally): void => void counts.set(what, (counts.get(what) ?? 0) + 1);

  const figures: Metrics = {
    ...report.metrics,
    refusal(code) { report.metrics.refusal(code); count(`refused ${code}`); },
    probe(probe) { report.metrics.probe(probe); count('looks'); },
  };

  const meetIncidents = (now: number): void => {
    const { desk } = parts();
    const standing = new Set(desk.incidents());
    for (const [incident, id] of open) {
      if (standing.has(incident)) continue;
      history.ended(id, now);
      open.delete(incident);
    }
    for (const incident of standing) {
      if (open.has(incident) || !('session' in incident.firing.who)) continue;
      const session = incident.firing.who.session;
      const row = { session, class: incident.class, beganAt: beganAt(incident, session, parts()), detectedAt: incident.openedAt, endedAt: null };
      open.set(incident, history.opened(row, incident.firing.found ?? Object.keys(incident.firing.patterns).join(', ')));
    }
  };

  const write = (now: number): void => {
    const step = writtenAt === null ? 0 : Math.max(0, Math.min(now - writtenAt, LONGEST_STEP_MS));
    writtenAt = now;
    const { fleet } = parts();
    const spans = fleet.names().flatMap((session): [string, { up: number; down: number }][] => {
      const { status } = summaryOf(session, parts());
      return UP.has(status) ? [[session, { up: step, down: 0 }]] : DOWN.has(status) ? [[session, { up: 0, down: step }]] : [];
    });
    history.inOneCommit(() => {
      history.add(counts, now);
      history.addAvailability(spans, now);
    });
    counts.clear();
    tellYesterday(now);
    report.trouble('figures', null);
  };

  const tellYesterday = (now: number): void => {
    const today = Date.parse(dayOf(now));
    const yesterday = { from: today - DAY_MS, to: today };
    if (history.lastTold() === dayOf(yesterday.from)) return;
    const kept = history.tallies(yesterday).size + history.availability(yesterday).size;
    if (kept > 0) report.tell('info', summaryLine(figuresOf(history, yesterday), dayOf(yesterday.from)));
    history.add(new Map([['told', 1]]), yesterday.from);
    history.forgetOld(now);
  };

  /** Figures are worth a line in the log when they fail, never a repair. */
  const tolerant = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      report.trouble('figures', `the figures of auto-fix stats cannot be written (${(error as Error).message}); repairs go on; look at the space and rights of AUTO_FIX_STATE_DIR`);
    }
  };

  return {
    figures,
    sought: WEBHOOK_NEWS,
    read(lines) { for (const line of lines) webhooks.read(line); },
    tick() {
      const now = parts().now();
      webhooks.tick(now);
      tolerant(() => {
        if (writtenAt === null) history.endAll(now);
        meetIncidents(now);
        if (writtenAt === null || now - writtenAt >= WRITE_MS || now < writtenAt) write(now);
      });
    },
    close() {
      if (writtenAt !== null) tolerant(() => write(parts().now()));
    },
    lastDay() {
      const now = parts().now();
      // One scrape asks for it once per gauge.
      if (asked === null || now - asked.at > FRESH_MS || now < asked.at) asked = { at: now, figures: figuresOf(history, { from: now - DAY_MS, to: now + 1 }) };
      return asked.figures;
    },
    webhookFailures: () => webhooks.failures(),
  };
}

/** The first sign of the fault: the oldest hit of its window; for what no line told, the last sign of life. */
function beganAt({ class: cls, firing, openedAt }: Incident, session: string, { records, detector, config, now }: HouseholdParts): number {
  if (firing.found === undefined) {
    const first = records.hitsSince(firing.at - fromMs(config.detect.windowMs), session).find((hit) => hit.class === cls);
    if (first) return Math.min(toMs(first.at), openedAt);
  }
  const alive = detector.look(session, now()).lastActivity ?? records.lastActivity(session)[0]?.at ?? null;
  return alive === null ? openedAt : Math.min(toMs(alive), openedAt);
}

import { hostname } from 'node:os';
import type { ByHandParts } from './caretaker/by-hand.ts';
import { Announcer } from './caretaker/announcer.ts';
import { Caretaker } from './caretaker/caretaker.ts';
import { realClock } from './clock.ts';
import type { Config } from './config.ts';
import { Desk } from './decide/desk.ts';
import { deskSettings } from './desk-settings.ts';
import { CLOCKS_DIFFER_MS, Detector } from './detect/detector.ts';
import { readyPatterns } from './detect/ready-patterns.ts';
import { dockerAt } from './docker.ts';
import { bookkeeping } from './doctor/bookkeeping.ts';
import { fromMs, toMs } from './event-time.ts';
import { healthOf, summaryOf, type HouseholdParts } from './household.ts';
import { StoredMemory, SCHEMA as HEALTH } from './health/memory.ts';
import { qrLink } from './health/qr-link.ts';
import { StatusBook } from './health/status-book.ts';
import { lookAt, type LookParts } from './caretaker/look.ts';
import { DockerHands } from './repair/container-hands.ts';
import { Backups } from './repair/backups.ts';
import { Repairer } from './repair/runner.ts';
import { ownProject } from './watch/own-project.ts';
import { refuseASecond } from './report/http.ts';
import { reporting } from './reporting.ts';
import type { StandIns } from './stand-ins.ts';
import { openDatabase } from './state/database.ts';
import { Journal, SCHEMA as JOURNAL } from './state/journal.ts';
import { Locks, SCHEMA as LOCKS } from './state/lock.ts';
import { Orders, SCHEMA as ORDERS } from './state/orders.ts';
import { Records, SCHEMA as RECORDS } from './state/records.ts';
import { standingOf, startedBehind } from './caretaker/surroundings.ts';
import { Watcher } from './watch/watcher.ts';
import type { Nanos } from './words.ts';
import { openWorld } from './world.ts';

/** A first list that hangs must not keep the streams waiting; the wrapper's may take tens of seconds. */
const FIRST_LISTS_MS = 10_000;

/** Events that only a working session produces; a contact's presence comes and goes without proving much. */
const isMessage = (event: string): boolean => /message|ack/.test(event);

/** The rooms of one sidecar, each handed what it needs; none of them runs yet. */
export type Rooms = Awaited<ReturnType<typeof buildRooms>>;

/** Wires the rooms. Rejects when the state cannot be opened, another sidecar runs on it, or a pattern is wrong. */
export async function buildRooms(config: Config, warnings: readonly string[], standIns: StandIns) {
  const clock = realClock;
  const patterns = await readyPatterns(config.detect.patternsDir);
  await refuseASecond(config.stateDir);
  const database = openDatabase(config.stateDir, [RECORDS, JOURNAL, LOCKS, ORDERS, HEALTH], 'NORMAL');
  // A connection of its own: a lock taken inside an open group of hits would be invisible to other processes.
  const journalled = openDatabase(config.stateDir, [], 'FULL');
  const journal = new Journal(journalled, clock);
  const locks = new Locks(journalled, clock);
  const report = await reporting(config, clock, {
    streams: () => watcher.health().containers,
    openIncidents: () => desk.incidents().length,
    openAlerts: () => report.alerts.open().length,
    sessionsByStatus: () => tally(fleet.names().map((session) => summaryOf(session, parts).status)),
    paused: () => desk.pausedUntil !== null && desk.pausedUntil > clock.now(),
    healthy: () => healthOf(parts).ok,
    kept: { lastDay: () => books.lastDay(), webhookFailures: () => books.webhookFailures() },
  }, standIns.out);
  const { tell } = report;
  /** Told, but not noted as told: the next start finds the line in the log. */
  const noteTold = (repair: string | undefined): void => {
    try {
      if (repair !== undefined) journal.told(repair);
    } catch (error) {
      tell('error', (error as Error).message);
    }
  };
  const books = bookkeeping(database, report, () => parts);
  const announcer = new Announcer({ windowMs: config.detect.windowMs, tell: (level, message, session) => tell(level, message, session), alerts: report.alerts, figures: books.figures, told: ({ repair }) => noteTold(repair), qrLink: (session) => qrLink(config.http, session) });
  tell('info', `started; watching ${config.watch.containers.join(', ')}${config.decide.dryRun ? '; dry run: nothing will be touched' : ''}`);
  for (const warning of warnings) tell('warn', warning);

  const records = new Records(database, (error) => report.trouble('state', error && `the state database cannot be written (${error.message}); hits are kept in memory and written when it can be`));
  const world = await openWorld(config, clock, tell);
  const { fleet } = world;
  const docker = dockerAt(config.docker.host);
  const ours = standIns.watch ? null : ownProject(docker, hostname(), tell);
  await Promise.race([fleet.refresh(), clock.sleep(FIRST_LISTS_MS)]);
  const project = await ours;

  const detector = new Detector({ patterns, sessions: fleet, maxHits: config.detect.maxHits, windowMs: config.detect.windowMs });
  const desk = new Desk(deskSettings(config));
  const orders = new Orders(config.stateDir, database);
  for (const [session, until] of orders.mutes(clock.now())) desk.mute(session, until);
  const book = new StatusBook((session) => detector.look(session, clock.now()));
  const memory = new StoredMemory(database, (error) => report.trouble('state', `what the health rounds learn cannot be written (${error.message}); it is kept in memory`));
  const repairer = new Repairer({
    backupDir: config.repair.backupDir, journal, locks, clock, keep: config.repair.backupKeep, maxAgeMs: config.repair.backupMaxAgeMs,
    tell: report.tellOrAlert,
    hands: standIns.hands ?? new DockerHands(docker, project),
    evidence: {
      lastActivity: (session) => msOrNull(lastActivity(session)),
      startedSince: (session, since) => toMs(detector.look(session, clock.now()).lastRecovery ?? 0n) >= since,
      corruptionSince: (session, since) => records.hitsSince(fromMs(since), session).filter((hit) => hit.class === 'corruption').length,
    },
    async lookAgain(target) {
      await fleet.refreshStores();
      return fleet.target(target.session) ?? target;
    },
    timings: { verifyAfterMs: config.repair.verifyAfterMs, verifyDeadlineMs: config.repair.verifyDeadlineMs, settleMs: config.repair.settleMs },
  });
  const watcher = (standIns.watch ?? ((options) => new Watcher({ docker, ...options })))({
    names: config.watch.containers, project, clock, sinceMs: config.detect.windowMs,
    sought: { ...books.sought, words: [...detector.words, ...books.sought.words], signs: detector.signs },
    loadCursor: (id) => records.cursor(id),
    dropCursor: (id) => records.dropCursor(id),
    deliver(delivery) {
      caretaker.receive(delivery);
      books.read(delivery.lines);
    },
    tell: (level, message) => tell(level, message),
  });

  /** Stored while the clock ran ahead: nothing later could overtake it. */
  const stored = (session: string): Nanos | null => records.lastActivity(session).find(({ at }) => toMs(at) <= clock.now() + CLOCKS_DIFFER_MS)?.at ?? null;
  const lastActivity = (session: string): Nanos | null => later(detector.look(session, clock.now()).lastActivity, stored(session));
  const siblings = (session: string): string[] => {
    const container = fleet.target(session)?.container;
    return container ? fleet.inContainer(container) : fleet.names();
  };
  const sight: LookParts = {
    target: (session) => fleet.target(session),
    siblings,
    lastMessage: (session) => {
      const { activity } = detector.look(session, clock.now());
      return Object.entries(activity).reduce<Nanos | null>((newest, [event, at]) => (isMessage(event) ? later(newest, at) : newest), null);
    },
    lastActivity,
    lastRecovery: (session) => detector.look(session, clock.now()).lastRecovery,
    loggedOut: (session) => detector.look(session, clock.now()).loggedOutSince !== null,
    now: () => clock.now(),
  };
  const justStarted = (session: string, newest: Nanos): boolean => startedBehind(newest, detector.look(session, clock.now()), clock.now());
  const caretaker = new Caretaker({
    detector, desk, records, repairer, clock, windowMs: config.detect.windowMs, announcer, figures: books.figures,
    target: (session) => fleet.target(session),
    resolve: (spelled) => fleet.resolve(spelled),
    surroundings: (session, newest) => ({
      container: justStarted(session, newest) ? 'session-just-started' : standingOf(watcher.containers(), fleet.target(session)?.container ?? null, clock.now(), config.repair.verifyAfterMs),
      gatewaySessions: siblings(session),
    }),
    look: (session, newest, brokenSince) => lookAt(session, newest, sight, brokenSince),
    sessions: () => fleet.names(),
    sessionsIn: (container) => fleet.inContainer(container),
    heard: (hit) => book.heard(hit),
  });

  const byHand: ByHandParts = {
    target: (session) => fleet.target(session),
    resolve: (spelled) => fleet.resolve(spelled),
    look: (session, newest) => lookAt(session, newest, sight),
    hits: (session) => detector.look(session, clock.now()),
    desk, ladders: config.decide.ladder, now: () => clock.now(),
  };
  const parts: HouseholdParts = {
    config, startedAt: clock.now(), now: () => clock.now(), fleet, watcher, desk, detector, records, orders, repairer, caretaker, report, byHand, book,
    backups: new Backups(repairer, () => clock.now()),
  };
  return { ...parts, watcher, clock, world, books, announcer, memory, journal, sight, lastActivity };
}

const tally = (words: readonly string[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(words, (word) => word)].map(([word, same]) => [word, same.length]));
const later = (a: Nanos | null, b: Nanos | null): Nanos | null => (a === null ? b : b === null || a > b ? a : b);
const msOrNull = (at: Nanos | null): number | null => (at === null ? null : toMs(at));

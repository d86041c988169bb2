import type { Config } from './config.ts';
import { FreshStarts } from './caretaker/fresh-starts.ts';
import { whyNotWritable } from './doctor/access.ts';
import { fromMs } from './event-time.ts';
import { household } from './household.ts';
import { healthRounds, restoreStatus } from './health/wiring.ts';
import { openDoors } from './report/http.ts';
import { rememberRepairs, takeUp } from './caretaker/restored.ts';
import { buildRooms } from './rooms.ts';
import { pointToState } from './state/shared-state.ts';
import type { StandIns } from './stand-ins.ts';

/** How often what waits for time is looked at. */
const TICK_MS = 1000;
/** Lists of sessions change by hand, a few times a year; a new session should be known within the minute all the same. */
const REFRESH_MS = 60_000;
/** Interrupted repairs and owed starts are tried again this often. */
const RECOVER_MS = 60_000;
/** A session that stands closed until its gateway is back is the first thing that gateway is asked for. */
const ASK_THE_GATEWAY_AGAIN_MS = 5_000;
/** Compose kills after stop_grace_period (60 s): what is open must be closed or taken back before. */
const GRACE_MS = 50_000;

export interface Sidecar {
  /** Ends what is open within the grace time; a second call joins the first. */
  stop(): Promise<void>;
  stopped: Promise<void>;
  /** The mounted Docker socket is dead for good: only a restart of this container mounts the new one. */
  shouldLeave(): boolean;
}

/** Builds the rooms and runs them until `stop` is called. Rejects as `buildRooms` does, and when nothing can listen on AUTO_FIX_HTTP. */
export async function startSidecar(config: Config, warnings: readonly string[], standIns: StandIns = {}): Promise<Sidecar> {
  const rooms = await buildRooms(config, warnings, standIns);
  const { clock, fleet, watcher, detector, desk, orders, records, repairer, caretaker, report, books, book, announcer, memory, journal, world } = rooms;
  const { tell } = report;
  const obeyPause = (): void => {
    const until = orders.pausedUntil(clock.now());
    if (until !== desk.pausedUntil) desk.pause(until);
  };
  obeyPause();
  const recover = async (): Promise<void> => {
    await repairer.recover((session) => fleet.target(session), { ended: (outcome) => caretaker.recovered(outcome) });
  };
  rememberRepairs(journal, desk, clock.now());
  for (const outcome of journal.untold()) announcer.outcomeOfLastTime(outcome, (message, session) => report.stands(message, session, outcome.endedAt));
  takeUpAgain();
  const rounds = healthRounds({
    config, now: () => clock.now(), fleet, detector, desk, caretaker, announcer, alerts: report.alerts, journal, book, figures: books.figures,
    memory,
    containers: () => watcher.containers(),
    // The stored one only where no line has told since the start: it costs a query.
    lastActivity: (session) => detector.look(session, clock.now()).lastActivity ?? rooms.lastActivity(session), lastMessage: rooms.sight.lastMessage,
    tell: (level, message, session) => tell(level, message, session),
  });
  await watcher.start();
  const doors = await openDoors({ http: config.http, stateDir: config.stateDir, house: household(rooms), keys: { token: config.token, wrapperSecret: config.wrapper?.secret ?? null }, clean: report.clean, tell });
  tell('info', `ready ${process.uptime().toFixed(1)} s after the start of its process`);
  const recoverAndSay = (): void => void recover().catch((error: Error) => tell('error', `interrupted repairs could not be looked at: ${error.message}`));
  const noBackups = await whyNotWritable(config.repair.backupDir, 'AUTO_FIX_BACKUP_DIR');
  if (noBackups) tell('warn', `${noBackups} (until then nothing can be backed up, so nothing is ever cleared)`);
  else shareLock();
  recoverAndSay();
  /** A fault of our own in one of them must not end the others. */
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      announcer.ownFault(error as Error);
    }
  };
  const starts = new FreshStarts(config.repair.verifyAfterMs);
  /** What fails to decrypt right after a start is no sign of broken keys. */
  const forgive = (): void => {
    for (const { container, until } of starts.over(watcher.containers(), clock.now()))
      for (const session of fleet.names()) if (fleet.target(session)?.container === container) detector.clear(session, 'corruption', fromMs(until));
  };
  const every = [
    setInterval(() => {
      for (const tick of [obeyPause, forgive, () => caretaker.tick(), () => books.tick(), () => rounds.tick()]) guarded(tick);
    }, TICK_MS),
    setInterval(() => void fleet.refresh(), REFRESH_MS),
    setInterval(recoverAndSay, RECOVER_MS),
    setInterval(() => repairer.isWaiting() && void fleet.refresh().then(recoverAndSay), ASK_THE_GATEWAY_AGAIN_MS),
    setInterval(() => guarded(() => records.forgetOldHits(clock.now())), 3_600_000),
  ];

  let stopping: Promise<void> | null = null;
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const stop = (): Promise<void> => (stopping ??= (async () => {
    tell('info', 'stopping: no new repair starts');
    every.forEach(clearInterval);
    await Promise.all([repairer.finishSoon(GRACE_MS), caretaker.stop(), rounds.stop(), watcher.stop()]);
    await doors.close();
    world.close();
    books.close();
    memory.write();
    records.close();
    tell('info', 'stopped');
    await report.close();
    resolve();
  })());
  return { stop, stopped, shouldLeave: () => watcher.health().engine.exitAdvised };

  function shareLock(): void {
    try {
      pointToState(config.repair.backupDir, config.stateDir);
    } catch (error) {
      tell('warn', `commands that run elsewhere cannot find this sidecar's lock (${(error as Error).message}); run them beside it: docker compose exec`);
    }
  }

  function takeUpAgain(): void {
    const firings = takeUp({ records, detector, history: desk.history, detect: config.detect, now: clock.now() });
    restoreStatus(book, records, memory, clock.now());
    for (const firing of firings) caretaker.fired(firing);
  }
}

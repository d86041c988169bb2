import { hostname } from 'node:os';
import { planByHand } from '../caretaker/by-hand.ts';
import { realClock } from '../clock.ts';
import { dockerAt } from '../docker.ts';
import { lookAt } from '../caretaker/look.ts';
import { ownProject } from '../watch/own-project.ts';
import { Backups, type RestorePreview } from '../repair/backups.ts';
import type { Target } from '../fleet/fleet.ts';
import { DockerHands } from '../repair/container-hands.ts';
import { Repairer } from '../repair/runner.ts';
import { HouseError, type FixAnswer } from '../report/house.ts';
import { scrubber } from '../report/scrub.ts';
import { openDatabase } from '../state/database.ts';
import { Journal, JournalError, SCHEMA as JOURNAL } from '../state/journal.ts';
import { Locks, SCHEMA as LOCKS } from '../state/lock.ts';
import { sharedStateDir } from '../state/shared-state.ts';
import type { Outcome, Rung } from '../words.ts';
import { openWorld, type World } from '../world.ts';
import { CannotDo, type Io } from './command.ts';

/** What a command needs to work on sessions while no sidecar runs: the same lock, the same journal, the same repairer. */
export interface Workshop {
  world: World;
  repairer: Repairer;
  backups: Backups;
  close(): void;
}

export async function openWorkshop(io: Io): Promise<Workshop> {
  const config = io.config();
  const clean = scrubber([config.token, config.wppconnect?.secret ?? null, config.wrapper?.secret ?? null, config.backend?.token ?? null, config.redis?.url ?? null]);
  const say = (message: string, session?: string): void => io.err(clean(session === undefined ? message : `${session}: ${message}`));
  const stateDir = sharedStateDir(config.repair.backupDir, config.stateDir);
  const database = openDatabase(stateDir, [JOURNAL, LOCKS], 'FULL');
  const world = await openWorld(config, realClock, (_, message) => say(message));
  await world.fleet.refresh();
  const docker = dockerAt(config.docker.host);
  const repairer = new Repairer({
    backupDir: config.repair.backupDir, journal: new Journal(database, realClock), locks: new Locks(database, realClock), clock: realClock,
    keep: config.repair.backupKeep, maxAgeMs: config.repair.backupMaxAgeMs, hands: new DockerHands(docker, await ownProject(docker, hostname())), owner: 'command line',
    tell: (_, message, session) => say(message, session),
    async lookAgain(target) {
      await world.fleet.refreshStores();
      return world.fleet.target(target.session) ?? target;
    },
    evidence: { lastActivity: () => null, startedSince: () => false, corruptionSince: () => 0 },
    timings: { verifyAfterMs: config.repair.verifyAfterMs, verifyDeadlineMs: config.repair.verifyDeadlineMs, settleMs: config.repair.settleMs },
  });
  return {
    world, repairer, backups: new Backups(repairer, () => realClock.now()),
    close() {
      world.close();
      database.close();
    },
  };
}

/** A repair by hand without a sidecar. Ctrl-C completes or takes back what is open. */
export async function fixAlone(spelled: string, rung: Rung | null, dryRun: boolean, io: Io, hits = { corruption: 0, disconnect: 0 }): Promise<FixAnswer> {
  const shop = await openWorkshop(io);
  const { fleet } = shop.world;
  try {
    const plan = await planByHand(spelled, rung, {
      target: (session) => fleet.target(session),
      resolve: (name) => fleet.resolve(name),
      look: (session, newest) => lookAt(session, newest, {
        target: (one) => fleet.target(one), siblings: () => fleet.names(), lastMessage: () => null, lastActivity: () => null, lastRecovery: () => null, loggedOut: () => false, now: () => realClock.now(),
      }),
      hits: () => hits,
      desk: { pausedUntil: null, isRepairing: () => false },
      ladders: io.config().decide.ladder,
      now: () => realClock.now(),
    });
    if (dryRun || io.config().decide.dryRun) return { plan, outcome: null };
    return { plan, outcome: await interruptible(shop, async () => (await takenUp(plan.session, shop)) ?? shop.repairer.run(plan, fleet.target(plan.session)!)) };
  } catch (error) {
    if (error instanceof HouseError) throw new CannotDo(error.message);
    throw error;
  } finally {
    shop.close();
  }
}

/** What putting that backup back would change, read now and without touching anything; it must hold its checksums. */
export async function previewRestore(backup: string, io: Io): Promise<RestorePreview> {
  const shop = await openWorkshop(io);
  try {
    const { session } = await shop.backups.verify(backup);
    return await shop.backups.describeRestore(backup, targetNow(session, shop));
  } finally {
    shop.close();
  }
}

function targetNow(session: string, { world: { fleet } }: Workshop): Target {
  const target = fleet.target(fleet.resolve(session) ?? '', true);
  if (target) return target;
  throw new CannotDo(`no list of the gateway or the stores names ${session} now, so nobody could close or start it; nothing was touched`);
}

export async function restoreAlone(backup: string, io: Io): Promise<Outcome> {
  const shop = await openWorkshop(io);
  try {
    const { session } = await shop.backups.verify(backup);
    const target = targetNow(session, shop);
    return await interruptible(shop, async () => {
      await takenUp(target.session, shop);
      return shop.backups.restore(backup, target);
    });
  } finally {
    shop.close();
  }
}

/** A repair of that session that was cut off comes to its end first, as with the next sidecar: its outcome, or null where there is none. */
async function takenUp(session: string, { repairer, world: { fleet } }: Workshop): Promise<Outcome | null> {
  return (await repairer.recover((one) => fleet.target(one), { only: session }))[0] ?? null;
}

/** What is open when the user presses Ctrl-C is completed up to its start or taken back. */
const GRACE_MS = 50_000;

async function interruptible(shop: Workshop, work: () => Promise<Outcome>): Promise<Outcome> {
  const finish = (): void => void shop.repairer.finishSoon(GRACE_MS);
  process.on('SIGINT', finish).on('SIGTERM', finish);
  try {
    const outcome = await work();
    noteTold(outcome, shop);
    return outcome;
  } finally {
    process.off('SIGINT', finish).off('SIGTERM', finish);
  }
}

/** The terminal is where it is told. Where that cannot be noted, the next sidecar tells it once more in its log. */
function noteTold({ repair }: Outcome, { repairer: { journal } }: Workshop): void {
  try {
    if (repair !== undefined) journal.told(repair);
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
  }
}

import { realClock } from '../clock.ts';
import type { KnownSessions } from '../fleet/fleet.ts';
import { Roster } from '../fleet/roster.ts';
import type { Io } from './command.ts';

/** The sessions named by `--sessions a,b`, or else those that the configured gateways and stores list. */
export async function knownSessions(list: string | undefined, io: Io): Promise<KnownSessions> {
  const sessions = list === undefined ? await listedNow(io) : named(list, io.config().aliases);
  if (sessions.names().length === 0) io.err('no session is known, so every line names a stranger and nothing can be decided: name them with --sessions a,b');
  return sessions;
}

/** One list, in which the sessions of every container are named. */
function named(list: string, aliases: ReadonlyMap<string, string>): KnownSessions {
  const names = list.split(',').map((name) => name.trim()).filter(Boolean);
  const roster = new Roster([{ source: '--sessions', names }], aliases);
  return { names: () => roster.names(), resolve: (spelled) => roster.resolve(spelled), inContainer: () => roster.names(), holderOfPeer: () => null };
}

async function listedNow(io: Io): Promise<KnownSessions> {
  const { openWorld } = await import('../world.ts');
  const world = await openWorld(io.config(), realClock, (_, message) => io.err(message));
  await world.fleet.refresh().finally(() => world.close());
  return world.fleet;
}

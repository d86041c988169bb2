import type { KnownSessions } from '../fleet/fleet.ts';
import type { Attribution, AttributionRule } from '../words.ts';
import { showable } from '../redact.ts';

/** No session has a longer name; what is longer is not even looked up. */
const LONGEST_NAME = 200;

/** What a line gives to find its session by. */
export interface Clues {
  container: string;
  /** The name in the line, as printed. */
  spelled: string | null;
  /** The rule under which that name is found. */
  by: AttributionRule;
  /** Addresses of the remote peer, most certain first. */
  peers: readonly string[];
  /** What a line beside it says; asked only when the line itself names nobody. */
  borrow: (() => Attribution | null) | null;
}

/**
 * Whose line it is. The line's own name comes first, and where that is nobody we know it stops there: a line about
 * a stranger must never be laid at the door of the container's only session.
 */
export function attribute(clues: Clues, sessions: KnownSessions): Attribution {
  if (clues.spelled !== null) return named(clues.spelled, clues.by, sessions);
  for (const address of clues.peers) {
    const session = sessions.holderOfPeer(address);
    if (session !== null) return { session, by: 'peer-address' };
  }
  const borrowed = clues.borrow?.();
  if (borrowed) return borrowed;
  const here = sessions.inContainer(clues.container);
  return here.length === 1 ? { session: here[0]!, by: 'only-session' } : { refused: 'not-attributed' };
}

function named(spelled: string, by: AttributionRule, sessions: KnownSessions): Attribution {
  const session = spelled.length > LONGEST_NAME ? null : sessions.resolve(spelled);
  return session === null ? { refused: 'unknown-session', spelled: showable(spelled) } : { session, by };
}

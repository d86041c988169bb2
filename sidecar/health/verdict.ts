import type { Probe, ProbeResult } from '../words.ts';

/** The same answer of a session's looks, without another one in between. */
export interface Run {
  probe: Probe;
  times: number;
  saw: string;
}

/** Looks in a row that agree before anything follows: one may fall into a start, a restart or a busy minute. */
export const LOOKS_IN_A_ROW = 3;
/** A line of trouble this close to a close belongs to it: a QR wait, a lost phone, a failed login end within that. */
const SAME_STORY_MS = 2 * 60_000;

export function nextRun(before: Run | null, { probe, saw }: ProbeResult): Run {
  return { probe, saw, times: before?.probe === probe ? before.times + 1 : 1 };
}

/** A look that was under way when the session closed still found it connected. */
const LOOK_TAKES_MS = 15_000;

/** Why a session is closed. */
export type ClosedBy = 'our repair' | 'its container' | 'itself' | 'somebody' | 'unseen';

/** All in clock ms; null: never, or not known. */
export interface ClosingEvidence {
  /** When it was last seen to be connected. */
  connectedAt: number | null;
  /** The end of our own last repair of it, when that did not bring it back. */
  failedRepairAt: number | null;
  containerStartedAt: number | null;
  closedAt: number | null;
  troubleAt: number | null;
  /** Its gateway closes a session in order only when somebody asks: a browser that dies leaves CONNECTED behind (wppconnect-server). */
  closesOnlyWhenAsked: boolean;
}

/**
 * Who closed it, from what was seen since it was last connected. A close that prints nothing but its own lines was
 * asked for; one behind a restart of its container was asked for by nobody.
 */
export function closedBy({ connectedAt, failedRepairAt, containerStartedAt, closedAt, troubleAt, closesOnlyWhenAsked }: ClosingEvidence): ClosedBy {
  const since = connectedAt ?? Number.NEGATIVE_INFINITY;
  if (failedRepairAt !== null && failedRepairAt >= since) return 'our repair';
  const closed = closedAt !== null && closedAt > since - LOOK_TAKES_MS ? closedAt : null;
  // A stop of the container closes its sessions too; one that was closed long before was not meant to come back.
  const restarted = containerStartedAt !== null && containerStartedAt > since;
  if (restarted && (closed === null || Math.abs(containerStartedAt - closed) <= SAME_STORY_MS)) return 'its container';
  if (troubleAt !== null && (closed === null ? troubleAt > since : Math.abs(closed - troubleAt) <= SAME_STORY_MS)) return 'itself';
  if (closed !== null) return 'somebody';
  return closesOnlyWhenAsked ? 'unseen' : 'somebody';
}

/** What follows from a run of looks. */
export type Verdict =
  /** It is broken: `pattern` names the incident, `found` tells how it was found. */
  | { sick: string; found: string }
  /** Only a human can go on. */
  | { scan: string }
  /** Closed, and meant to be. */
  | { left: string };

export interface Standpoint {
  /** It was connected once; one that never was is somebody's work in progress. */
  everConnected: boolean;
  /** It has been quiet for longer than is usual for it: one failed look is enough then. */
  silent: boolean;
  closedBy: ClosedBy;
  /** Its log says it was unlinked, banned or replaced: nothing but a scan helps, and nothing else is tried. */
  loggedOut: boolean;
}

/** Pure. Null: all well, or not seen often enough yet. */
export function verdictOf({ probe, times, saw }: Run, { everConnected, silent, closedBy: who, loggedOut }: Standpoint): Verdict | null {
  const enough = times >= (silent ? 1 : LOOKS_IN_A_ROW);
  if (!enough || probe === 'healthy' || probe === 'unknown') return null;
  if (loggedOut) return { scan: saw };
  const found = silent && times < LOOKS_IN_A_ROW ? `silent for longer than usual, and a look found it ${probe}` : `found ${probe} in ${times} health rounds in a row`;
  switch (probe) {
    case 'zombie': return { sick: 'health-zombie', found: `${found} (${saw})` };
    // A start takes 3-60 s; behind a silence it may just have begun.
    case 'starting': return times >= LOOKS_IN_A_ROW ? { sick: 'health-stuck', found: `${found} (${saw})` } : null;
    case 'closed':
      if (!everConnected) return null;
      if (who === 'somebody') return { left: `closed (${saw}), and its log shows no trouble before: somebody asked for it, so it is left closed` };
      return { sick: 'health-closed', found: `${found} (${saw}); ${NOBODY_ASKED[who]}` };
    case 'qr': return everConnected ? { scan: saw } : null;
  }
}

const NOBODY_ASKED: Readonly<Record<Exclude<ClosedBy, 'somebody'>, string>> = {
  'our repair': 'its last repair did not bring it back',
  'its container': 'its container was started anew and it was not',
  itself: 'it closed after trouble in its log',
  unseen: 'no line tells of anybody closing it',
};

import type { FaultClass, Probe, Rung } from '../words.ts';

/** Where a class begins and what follows, unless a setting says otherwise. */
export const DEFAULT_LADDERS: Readonly<Record<FaultClass, readonly Rung[]>> = {
  corruption: ['repair', 'reset'],
  disconnect: ['reconnect', 'restart', 'reset'],
};

/**
 * A store that cannot tell keys from login (a Chromium profile) has no `repair`: there the mild remedy for
 * corruption is a restart.
 */
export const LADDER_WITHOUT_REPAIR: readonly Rung[] = ['restart', 'reset'];

export interface LadderQuestion {
  class: FaultClass;
  probe: Probe;
  /** The operator's own ladder for this class; null: the default. */
  setting: readonly Rung[] | null;
  /** False when a store of the session keeps login and keys in one blob. */
  tellsKeysFromLogin: boolean;
  /** The evidence shows a locked profile: connecting again cannot help there. */
  profileLocked: boolean;
  /** The rung that did not hold, within the escalation time; null: begin. */
  lastRung: Rung | null;
}

/** The rung to try now, or null when the last one was tried already. */
export function nextRung(question: LadderQuestion): Rung | null {
  const ladder = ladderOf(question);
  if (question.lastRung === null) return firstRung(ladder, question);
  return ladder.find((rung) => HARDNESS[rung] > HARDNESS[question.lastRung!]) ?? null;
}

export function ladderOf(question: Pick<LadderQuestion, 'class' | 'setting' | 'tellsKeysFromLogin'>): readonly Rung[] {
  if (question.setting) return question.setting;
  if (question.class === 'corruption' && !question.tellsKeysFromLogin) return LADDER_WITHOUT_REPAIR;
  return DEFAULT_LADDERS[question.class];
}

const HARDNESS: Readonly<Record<Rung, number>> = { reconnect: 0, restart: 1, repair: 2, reset: 3 };

function firstRung(ladder: readonly Rung[], { class: cls, probe, profileLocked }: LadderQuestion): Rung | null {
  const reconnectCanHelp = cls === 'disconnect' && probe === 'closed' && !profileLocked;
  const useful = reconnectCanHelp ? ladder : ladder.filter((rung) => rung !== 'reconnect');
  return useful[0] ?? null;
}

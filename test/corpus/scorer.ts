import type { Firing } from '../../sidecar/words.ts';
import { detector, known, tsOf } from '../detect/stage.ts';
import { clean } from '../../sidecar/watch/clean.ts';
import { RECORDED_FROM, recording, type Case } from './recorded.ts';

export interface Score {
  right: number;
  /** Something fired that should not. */
  wrong: string[];
  /** Something did not fire that should. */
  missed: string[];
}

/** First firing per session (or stranger, or nobody) and class, as the detector gives it for that recording. */
export function firedBy({ sessions, containers, peers, log }: Case): Map<string, { firing: Firing; loggedOut: boolean }> {
  const it = detector(known(sessions, { ...(containers ? { containers } : {}), ...(peers ? { peers } : {}) }));
  const lines = Object.entries(log)
    .flatMap(([container, printed]) => recording(printed).split('\n').filter((text) => text !== '').map((text) => ({ container, ts: text.slice(0, 30), text: clean(text.slice(31)) })))
    .sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0));
  const fired = new Map<string, { firing: Firing; loggedOut: boolean }>();
  const take = (readings: ReturnType<typeof it.read>) => {
    for (const { firing } of readings) {
      if (!firing || fired.has(keyOf(firing))) continue;
      const loggedOut = 'session' in firing.who && it.look(firing.who.session, RECORDED_FROM).loggedOutSince !== null;
      fired.set(keyOf(firing), { firing, loggedOut });
    }
  };
  for (const one of lines) take(it.read({ ...one, containerId: '', stream: 'stdout', skippedBytes: 0 }));
  take(it.flush());
  return fired;
}

/** The decisions that a recording leads to, against those that are right. */
export function score(situation: Case, checkTimes = true): Score {
  const fired = firedBy(situation);
  const result: Score = { right: 0, wrong: [], missed: [] };
  for (const right of situation.right) {
    const key = `${right.class} ${right.session ?? 'nobody'}`;
    const found = fired.get(key);
    fired.delete(key);
    if (!found) {
      result.missed.push(`${situation.name}: ${key}`);
      continue;
    }
    const refused = 'refused' in found.firing.who ? found.firing.who.refused : found.loggedOut ? 'waiting-for-human' : undefined;
    const at = tsOf(found.firing.at);
    const late = checkTimes && right.at !== undefined && Math.abs((Date.parse(at) - RECORDED_FROM) / 1000 - right.at) > 0.5;
    if (refused !== right.refused || late) result.wrong.push(`${situation.name}: ${key} at ${at}${refused ? ` (${refused})` : ''}`);
    else result.right += 1;
  }
  for (const key of fired.keys()) result.wrong.push(`${situation.name}: ${key} fired`);
  // Doing nothing where nothing should be done is a right decision too.
  if (situation.right.length === 0 && result.wrong.length === 0) result.right += 1;
  return result;
}

const keyOf = ({ class: cls, who }: Firing): string => `${cls} ${'session' in who ? who.session : who.refused === 'unknown-session' ? who.spelled : 'nobody'}`;

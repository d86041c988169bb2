import type { TrueStatus } from '../report/house.ts';
import type { Probe } from '../words.ts';

/** Who told: a line of the log, a look that the sidecar took itself, or a status word of a gateway. */
export type Source = 'event' | 'probe' | 'gateway';

/**
 * What is told about a session's connection.
 * - `connected`: it said so with proof behind it (`Started Session`, a page that answered)
 * - `alive`: a message or receipt came through it
 * - `presence`: a contact came or went; it passed through the session and says nothing about a change of it
 * - `closed`, `starting`, `qr`, `unpaired`: what the words say
 * - `word-connected`: a gateway's flag, which outlives the connection
 */
export type Says = 'connected' | 'alive' | 'presence' | 'closed' | 'starting' | 'qr' | 'unpaired' | 'word-connected';

export interface News {
  /** Clock ms: the event time of a line, the end of a look. */
  at: number;
  says: Says;
  source: Source;
  /** In words, for the operator. */
  why: string;
}

export interface Standing {
  status: TrueStatus;
  /** Clock ms since when it has been so without a break, as far as known; null: nothing was told yet. */
  since: number | null;
  source: Source;
  why: string;
  /** Clock ms of the newest news that counted. */
  heardAt: number;
  /** The login is gone until something proves that it connected again. */
  unpaired: boolean;
}

export const NOTHING_TOLD: Standing = { status: 'unknown', since: null, source: 'event', why: 'nothing has told yet', heardAt: Number.NEGATIVE_INFINITY, unpaired: false };

/** A webhook that was queued before a close arrives after its line; what comes later than this came through a living page. */
const STILL_QUEUED_MS = 5_000;

/** The standing after all of that, in any order. Pure. */
export const trueStatus = (news: readonly News[]): Standing => [...news].sort((a, b) => a.at - b.at).reduce(weigh, NOTHING_TOLD);

/** The standing after one more piece of news. What is older than the newest that counted changes nothing. Pure. */
export function weigh(before: Standing, news: News): Standing {
  if (news.at < before.heardAt) return before;
  const status = statusAfter(before, news);
  if (status === null) return before;
  const unpaired = news.says === 'unpaired' || (before.unpaired && news.says !== 'connected');
  const since = status === before.status ? before.since : news.at;
  return { status, since, source: news.source, why: news.why, heardAt: news.at, unpaired };
}

/** Null: this says nothing about the connection. */
function statusAfter(before: Standing, { says, source, at }: News): TrueStatus | null {
  if (source === 'gateway' && before.status !== 'unknown' && before.source !== 'gateway') return null;
  switch (says) {
    case 'connected': return 'connected';
    case 'alive': return before.unpaired || (isDown(before.status) && at - before.heardAt < STILL_QUEUED_MS) ? null : 'connected';
    case 'presence': return before.status === 'unknown' || before.status === 'connected' ? 'connected' : null;
    case 'closed': return before.unpaired ? 'unpaired' : 'disconnected';
    case 'starting': return 'initializing';
    case 'qr': return 'qr_required';
    case 'unpaired': return 'unpaired';
    case 'word-connected': return null;
  }
}

const isDown = (status: TrueStatus): boolean => status === 'disconnected' || status === 'qr_required';

/** What a look tells of the connection; null: nothing. A zombie is connected in name only. */
export const saidBy: Readonly<Record<Probe, Says | null>> = {
  healthy: 'connected', zombie: 'closed', closed: 'closed', starting: 'starting', qr: 'qr', unknown: null,
};

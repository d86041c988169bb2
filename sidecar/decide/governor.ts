import { toMs } from '../event-time.ts';
import type { RefusalCode } from '../words.ts';
import type { Budget } from './budget.ts';
import type { Incident } from './incident.ts';

/** What the engine says of the container that the session lives in, and its log of a start behind the trouble. */
export type ContainerStanding = 'running' | 'session-just-started' | 'just-started' | 'restarting' | 'paused' | 'stopped-on-purpose' | 'absent' | 'unknown';

/** All the governor looks at. Times are clock milliseconds. */
export interface Standing {
  now: number;
  windowMs: number;
  /** Until when repairs are paused; Infinity: until resumed. */
  pausedUntil: number | null;
  mutedUntil: number | null;
  container: ContainerStanding;
  /** This session is being repaired. */
  repairing: boolean;
  /** Repairs under way in all, and how many may be. */
  repairsUnderWay: number;
  maxRepairs: number;
  /** Distinct sessions of the same gateway whose incidents opened within the last two minutes, and the limit. */
  brokeTogether: number;
  massFailure: number | null;
  cooldownUntil: number | null;
  budgets: readonly Budget[];
}

export interface Refusal {
  code: RefusalCode;
  reason: string;
  until?: number;
}

/** How long to leave alone what nothing announces the end of, before it is looked at again. */
const LOOK_AGAIN_MS = 60_000;

type Check = (incident: Incident, standing: Standing) => Refusal | null;

/**
 * The obstacles that need no look at the session, in the order they are told. The first one that stands is the
 * answer: what is certain and cheap before what may pass by itself.
 */
const CHECKS: readonly Check[] = [
  function notOurs({ firing }) {
    if ('session' in firing.who) return null;
    return firing.who.refused === 'unknown-session'
      ? { code: 'unknown-session', reason: `no list of the gateway or the stores names "${firing.who.spelled}"` }
      : { code: 'not-attributed', reason: 'the lines name no session, and the container has more than one' };
  },
  function tooOld({ newest, refusals, failedRepairs }, { now, windowMs }) {
    // An incident that waited for an obstacle is decided on a fresh look, however old its lines are.
    const waited = refusals.size > 0 || failedRepairs > 0;
    return waited || now - toMs(newest) < windowMs ? null : { code: 'stale', reason: 'the newest evidence is older than the window', until: now };
  },
  function muted(_, { now, mutedUntil }) {
    return lasts(mutedUntil, now) ? { code: 'muted', reason: `muted ${untilWords(mutedUntil!)}`, until: finite(mutedUntil!) } : null;
  },
  function paused(_, { now, pausedUntil }) {
    return lasts(pausedUntil, now) ? { code: 'paused', reason: `all repairs are paused ${untilWords(pausedUntil!)}`, until: finite(pausedUntil!) } : null;
  },
  function correlated(_, { brokeTogether, massFailure, now }) {
    return massFailure !== null && brokeTogether >= massFailure
      ? {
          code: 'correlated-failure',
          reason: `${brokeTogether} sessions broke within 2 minutes: the network, WhatsApp or the gateway is down, not the sessions`,
          until: now + LOOK_AGAIN_MS,
        }
      : null;
  },
  function stoppedOnPurpose(_, { container, now }) {
    return container === 'stopped-on-purpose' || container === 'paused'
      ? { code: 'stopped-on-purpose', reason: `somebody ${container === 'paused' ? 'paused' : 'stopped'} its container`, until: now + LOOK_AGAIN_MS }
      : null;
  },
  function startingUp(_, { container, now }) {
    if (container === 'session-just-started') return { code: 'starting-up', reason: 'it was started behind its trouble a moment ago, and asking it now could unpair it', until: now + LOOK_AGAIN_MS };
    return container === 'just-started' || container === 'restarting'
      ? { code: 'starting-up', reason: 'its container has only just started', until: now + LOOK_AGAIN_MS }
      : null;
  },
  function inFlight(_, { repairing, now }) {
    return repairing ? { code: 'in-flight', reason: 'a repair of this session is under way', until: now + LOOK_AGAIN_MS } : null;
  },
  function coolingDown(_, { cooldownUntil, now }) {
    return lasts(cooldownUntil, now) ? { code: 'cooldown', reason: `repaired a short while ago, left alone ${untilWords(cooldownUntil!)}`, until: cooldownUntil! } : null;
  },
  function budgetSpent(_, { budgets, now }) {
    const until = Math.max(...budgets.map((budget) => budget.spentUntil(now) ?? 0), 0);
    return until > 0 ? { code: 'budget-spent', reason: `too many repairs lately, the next may run ${untilWords(until)}`.replace('until', 'from'), until } : null;
  },
  function tooManyAtOnce(_, { repairsUnderWay, maxRepairs, now }) {
    return repairsUnderWay >= maxRepairs
      ? { code: 'in-flight', reason: `${repairsUnderWay} repairs are under way, no more at once`, until: now + LOOK_AGAIN_MS / 6 }
      : null;
  },
];

/** The first obstacle that stands in the way, or null. Pure. */
export function obstacle(incident: Incident, standing: Standing): Refusal | null {
  for (const check of CHECKS) {
    const refusal = check(incident, standing);
    if (refusal) return refusal;
  }
  return null;
}

const lasts = (until: number | null, now: number): boolean => until !== null && until > now;
const finite = (until: number): number | undefined => (Number.isFinite(until) ? until : undefined);
const untilWords = (until: number): string => (Number.isFinite(until) ? `until ${new Date(until).toISOString()}` : 'until resumed');

import type { ContainerStanding } from '../decide/governor.ts';
import type { Life } from '../detect/session-life.ts';
import { toMs } from '../event-time.ts';
import type { Nanos } from '../words.ts';
import type { WatchedContainer } from '../watch/watch-health.ts';

/**
 * How the container stands that a session lives in, of all containers watched under that name. One that started less
 * than `leaveAloneMs` ago is just started: what it prints then is no fault.
 */
export function standingOf(containers: readonly WatchedContainer[], name: string | null, now: number, leaveAloneMs: number): ContainerStanding {
  const own = containers.filter((container) => container.name === name);
  if (own.length === 0) return 'unknown';
  const current = own.find(({ running }) => running) ?? own.find(({ restarting }) => restarting) ?? own[0]!;
  if (current.restarting || own.some(({ beingReplaced }) => beingReplaced)) return 'restarting';
  if (current.paused) return 'paused';
  if (current.running) return current.startedAt !== null && now - current.startedAt < leaveAloneMs ? 'just-started' : 'running';
  return current.stoppedOnPurpose ? 'stopped-on-purpose' : 'absent';
}

/** A start takes up to a minute, and asking a session meanwhile has unpaired one: whoever starts it is let finish. */
const A_START_TAKES_MS = 60_000;

/** It is being started since a moment ago. */
export const isStarting = ({ phase, phaseSince }: Pick<Life, 'phase' | 'phaseSince'>, now: number): boolean =>
  phase === 'starting' && phaseSince !== null && now - toMs(phaseSince) < A_START_TAKES_MS;

/** The same, and that start began behind the line of that time, which therefore was not its end. */
export const startedBehind = (line: Nanos, life: Pick<Life, 'phase' | 'phaseSince'>, now: number): boolean =>
  isStarting(life, now) && life.phaseSince! > line;

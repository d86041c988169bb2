import type { ContainerStanding } from '../decide/governor.ts';
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

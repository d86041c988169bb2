import type { ContainerLog, LogState } from './container-log.ts';
import type { Watched } from './containers.ts';
import { CALL_DEADLINE_MS } from './engine.ts';
import type { SocketHealth } from './socket-view.ts';

/** Healthy is a log that was compared with the engine's file within so many audit intervals, not an open stream. */
const AUDITS_UNTIL_UNHEALTHY = 4;

/** What `decide` needs to know of a container. Times in ms. */
export interface WatchedContainer {
  id: string;
  /** The watched name. */
  name: string;
  containerName: string;
  /** The engine's word: `running`, `exited`, `restarting`, `paused`, ... */
  state: string;
  running: boolean;
  paused: boolean;
  restarting: boolean;
  startedAt: number | null;
  finishedAt: number | null;
  exitCode: number | null;
  /** Stopped by `docker stop` or Compose, not by itself. Known only for stops that happened while watching. */
  stoppedOnPurpose: boolean;
  /** Another container of the same service takes its place right now. */
  beingReplaced: boolean;
}

export interface ContainerHealth {
  id: string;
  name: string;
  containerName: string;
  state: LogState;
  /** The present trouble in words. */
  problem: string | null;
  /** Age of the newest line when it was read. */
  lagMs: number | null;
  /** Event time (ms) of the newest line. */
  newestLineAt: number | null;
  lines: number;
  skippedBytes: number;
  reconnects: number;
  duplicatesDropped: number;
  recovered: number;
  engineMessages: number;
  lastAuditAt: number | null;
}

export interface WatchHealth {
  /** False for our own faults only: the socket, or a log that cannot be read. An absent container is shown, not red. */
  ok: boolean;
  /** The first trouble in words. */
  problem: string | null;
  engine: SocketHealth;
  /** Watched names for which there is no container. */
  absent: string[];
  containers: ContainerHealth[];
}

/** When it started and ended, as the engine's last inspect said; the list may know a newer state. */
interface Times {
  status: string;
  startedAt: number | null;
  finishedAt: number | null;
  exitCode: number | null;
}

/** What one container's own state is, as far as list and inspect tell. */
export function stateOf({ id, name, containerName, state }: Watched, times: Times | null): Omit<WatchedContainer, 'stoppedOnPurpose' | 'beingReplaced'> {
  return {
    id, name, containerName, state,
    running: state === 'running' || state === 'paused',
    paused: state === 'paused',
    restarting: state === 'restarting',
    startedAt: times?.startedAt ?? null,
    finishedAt: times?.finishedAt ?? null,
    exitCode: state === 'exited' && times?.status === state ? times.exitCode : null,
  };
}

/** How one container's log is read; `now` and the time between audits in ms. */
export function healthOf(id: string, watched: Watched | undefined, log: ContainerLog, now: number, auditEveryMs: number): ContainerHealth {
  const { intake } = log;
  return {
    id,
    name: watched?.name ?? '',
    containerName: watched?.containerName ?? '',
    state: log.state,
    problem: log.problem ?? unaudited(log, now, auditEveryMs),
    lagMs: intake.lagMs,
    newestLineAt: intake.newestStamp === '' ? null : Date.parse(intake.newestStamp),
    lines: intake.counts.lines,
    skippedBytes: intake.counts.skippedBytes + intake.parts.skippedLate,
    reconnects: log.reconnects,
    duplicatesDropped: intake.counts.duplicates,
    recovered: intake.counts.recovered,
    engineMessages: log.engineMessages,
    lastAuditAt: log.lastAuditAt,
  };
}

function unaudited({ state, lastAuditAt }: ContainerLog, now: number, auditEveryMs: number): string | null {
  if (state !== 'following' || lastAuditAt === null) return null;
  const age = now - lastAuditAt;
  const limit = AUDITS_UNTIL_UNHEALTHY * auditEveryMs + CALL_DEADLINE_MS;
  return age > limit ? `its log could not be compared with the engine's for ${Math.round(age / 1000)} s: lines may be late` : null;
}

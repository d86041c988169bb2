import type { QrAnswer } from '../gateways/gateway.ts';
import type { StepTaken } from '../repair/story.ts';
import type { FaultClass, Outcome, Plan, RefusalCode, Rung } from '../words.ts';
import type { OpenAlert } from './alerts.ts';

/** Times in all of these are ISO texts, as in the log. */
export interface Health {
  /** False for our own faults only: cannot read, cannot write, cannot decide. */
  ok: boolean;
  /** Our own faults, a sentence each. */
  faults: string[];
  /** What is wrong around us and does not make us red: an absent container, a gateway that is down, a pause. */
  notes: string[];
  version: string;
  startedAt: string;
  /** Null when repairs are not paused; `''` when they are until somebody resumes them. */
  pausedUntil: string | null;
  dryRun: boolean;
  containers: { name: string; state: string; problem: string | null; lagMs: number | null; lines: number; reconnects: number; duplicatesDropped: number; skippedBytes: number }[];
  gateways: { kind: string; answers: boolean | null; said: string | null }[];
}

/** A session's true status in the wrapper's own words. */
export type TrueStatus = 'connected' | 'disconnected' | 'qr_required' | 'initializing' | 'unpaired' | 'unknown';

export interface SessionSummary {
  id: string;
  status: TrueStatus;
  /** Since when, as far as known. */
  since: string | null;
  /** What told it: `probe`, `event`, `gateway`. */
  source: string;
  /** Why that status, in words. */
  why: string;
  /** Hits inside the window now. */
  hits: Record<FaultClass, number>;
  lastActivity: string | null;
  /** Null when it is not muted; `''` when it is until somebody unmutes it. */
  mutedUntil: string | null;
  incident: string | null;
}

export interface SessionDetail extends SessionSummary {
  /** The newest event of each kind. */
  events: { kind: string; at: string }[];
  repairs: RepairEntry[];
  /** What would be done next and when it may be, or why nothing is. */
  next: { rung: Rung | null; refused: RefusalCode | null; reason: string; notBefore: string | null };
}

export interface IncidentEntry {
  session: string | null;
  class: FaultClass;
  openedAt: string;
  count: number;
  patterns: Record<string, number>;
  /** Redacted lines. */
  evidence: string[];
  refusals: { code: RefusalCode; times: number; reason: string }[];
}

export interface RepairEntry {
  session: string;
  rung: Rung;
  result: string;
  detail: string;
  /** What it was decided on: the hits, the probe, the rung; or that somebody asked for it. */
  reason: string;
  steps: StepTaken[];
  startedAt: string;
  /** Null while it runs. */
  endedAt: string | null;
  backup: string | null;
}

export interface BackupEntry {
  id: string;
  session: string;
  at: string;
  rung: string;
  reason: string;
  bytes: number;
  files: number;
  keys: number;
}

export interface Channel { id: string; status: TrueStatus; since: string | null; source: string }

/** What came of a repair that somebody asked for. `outcome` is null in a dry run. */
export interface FixAnswer { plan: Plan; outcome: Outcome | null }

/** What stands in the way of an answer. */
export type HouseFault = 'not-found' | 'refused' | 'bad-request' | 'unavailable';

/** `message` is one sentence for the operator. */
export class HouseError extends Error {
  override readonly name = 'HouseError';
  readonly fault: HouseFault;
  /** With `refused`: the reason's code. */
  readonly code: RefusalCode | undefined;
  constructor(fault: HouseFault, message: string, code?: RefusalCode) {
    super(message);
    this.fault = fault;
    this.code = code;
  }
}

type MaybeLater<T> = T | Promise<T>;

/** Everything the API and the commands can ask the running sidecar. Rejects with a HouseError. */
export interface House {
  health(): MaybeLater<Health>;
  sessions(): MaybeLater<SessionSummary[]>;
  session(id: string): MaybeLater<SessionDetail>;
  incidents(): MaybeLater<IncidentEntry[]>;
  alerts(): MaybeLater<OpenAlert[]>;
  repairs(): MaybeLater<RepairEntry[]>;
  backups(): MaybeLater<BackupEntry[]>;
  channels(): MaybeLater<Channel[]>;
  /** Resolves when the repair has ended. Without a rung: the one the ladder would take. */
  fix(id: string, how: { rung: Rung | null; dryRun: boolean }): Promise<FixAnswer>;
  /** `forMs` null: until somebody resumes. */
  pause(forMs: number | null): MaybeLater<void>;
  resume(): MaybeLater<void>;
  mute(id: string, forMs: number | null): MaybeLater<void>;
  /** Resolves when the session was restored, started and verified. */
  restore(backupId: string): Promise<Outcome>;
  qr(id: string): Promise<QrAnswer>;
  metrics(): Promise<{ text: string; contentType: string }>;
}

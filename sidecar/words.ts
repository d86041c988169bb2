/**
 * The words every room shares. A line travels watch -> detect -> decide -> repair -> report and is known
 * by these names on its way; nothing here does anything.
 */

/** Whose log a line stands in. */
export interface Origin {
  /** The watched name: the Compose service, or the container's name where there is none. */
  container: string;
  /** The engine's full container id; `''` in a recording. */
  containerId: string;
}

/** One line of a container's log, cleaned, with the engine's own time. */
export interface LogLine extends Origin {
  stream: 'stdout' | 'stderr';
  /** Event time as the engine wrote it, always UTC with nine decimals: `2026-02-09T10:14:03.120000000Z`. */
  ts: string;
  /**
   * Text without ANSI sequences, CR or line end. A name inside it is left as it was printed. Empty for a line that
   * holds no word anybody looks for, where those words were told (`Sieve`), and for one that became a `sign`.
   */
  text: string;
  /** Read from the line's bytes, in place of its text. */
  sign?: Sign;
  /** Bytes of this line that were skipped because it was longer than the bound. */
  skippedBytes: number;
}

/** A sign of life as its line spells it: whose, and the kind of event that came through, such as `onack`. */
export interface Sign {
  readonly spelled: string;
  readonly event: string;
}

/** Nanoseconds since the epoch, the engine's resolution. Clock times elsewhere are milliseconds (`number`). */
export type Nanos = bigint;

/** The two classes that are counted in windows. */
export type FaultClass = 'corruption' | 'disconnect';
/** Lines that say something about a session without being counted. */
export type SignalClass = 'recovery' | 'logout' | 'activity' | 'suspect';
export type HitClass = FaultClass | SignalClass;

/** How a session was found for a hit, in the order the rules are tried. */
export type AttributionRule =
  | 'named' | 'json-field' | 'path' | 'trailing-name' | 'whatsapp-id' | 'peer-address' | 'block' | 'only-session';

/** Whose line it is: a known session, somebody unknown (named, but in no list), or nobody named at all. */
export type Attribution =
  | { session: string; by: AttributionRule }
  | { refused: 'unknown-session'; spelled: string }
  | { refused: 'not-attributed' };

/** A line that matched a pattern. One cause is one hit. */
export interface Hit {
  at: Nanos;
  class: HitClass;
  /** The pattern's id, such as `browser-closed`. */
  pattern: string;
  who: Attribution;
  /** Unique per session and class: the same event printed again carries the same cause. */
  cause: string;
  container: string;
  stream: 'stdout' | 'stderr';
  /** The line, redacted and shortened: safe to store, log and show. */
  evidence: string;
  /** Also worth a probe at once, whatever its class: the worst faults print one such line and then nothing. */
  suspect?: true;
  /** For a recovery: the classes whose evidence it spends. A connection that opens says nothing about keys. */
  clears?: readonly FaultClass[];
  /** What the pattern knows that the operator should read, such as why no restart helps. */
  advice?: string;
}

/** A window that holds more hits than allowed. */
export interface Firing {
  at: Nanos;
  class: FaultClass;
  who: Attribution;
  /** Hits inside `at - window < t <= at`. */
  count: number;
  /** Hits per pattern id, most first. */
  patterns: Record<string, number>;
  /** Redacted lines, oldest first, at most a handful. */
  evidence: string[];
  /** Event time of the oldest of them; none where no window found it. */
  since?: Nanos;
  /** How it was found, in words, where no window found it (a health round). */
  found?: string;
  /** The container whose line was the last of them; none when the evidence is no line. */
  container?: string;
}

/** What a look at a session shows. */
export type Probe = 'healthy' | 'zombie' | 'closed' | 'starting' | 'qr' | 'unknown';

/** A look at a session with what was seen, in words for the log. */
export interface ProbeResult {
  probe: Probe;
  /** `status CONNECTED, check-connection did not answer in 10 s` */
  saw: string;
  /** With `unknown`: the gateway could not be asked (down, wrong secret, proxy), so this says nothing about the session. */
  couldNotLook?: true;
}

/** Remedies from mild to hard. */
export type Rung = 'reconnect' | 'restart' | 'repair' | 'reset';
export const RUNGS: readonly Rung[] = ['reconnect', 'restart', 'repair', 'reset'];

/** Every reason for which nothing is done. */
export type RefusalCode =
  | 'paused' | 'dry-run' | 'cooldown' | 'budget-spent' | 'in-flight' | 'waiting-for-human' | 'healthy-now' | 'muted'
  | 'correlated-failure' | 'starting-up' | 'stopped-on-purpose' | 'not-attributed' | 'unknown-session' | 'stale'
  | 'backup-impossible' | 'gateway-unreachable'
  /** The last rung of the ladder was tried and did not hold. */
  | 'ladder-spent'
  /** A disconnect that may be the network's: no proof that a wipe would help. */
  | 'fault-not-proven';

/** The steps of a repair, by name, in the order a rung runs them. */
export type StepName =
  | 'reconnect' | 'close' | 'end-browser' | 'unlink-disposable' | 'backup' | 'clear-files' | 'clear-redis' | 'start'
  | 'verify' | 'put-back';

export interface Plan {
  session: string;
  rung: Rung;
  steps: readonly StepName[];
  /** The decision in words, for log, manifest and journal. */
  reason: string;
  /** The class it is a remedy for; none where a human named the rung. Only the same class again shows that it did not hold. */
  class?: FaultClass;
}

export type Decision =
  | { act: Plan }
  /** `until`: clock time (ms) at which the obstacle ends by itself, when that is known. */
  | { refused: RefusalCode; reason: string; rung: Rung | null; until?: number };

export type OutcomeResult = 'fixed' | 'needs-qr' | 'rolled-back' | 'failed' | 'refused';

/** How a repair ended. */
export interface Outcome {
  /** Its id in the journal; none for a repair that was refused before it began. */
  repair?: string;
  session: string;
  rung: Rung;
  /** The plan's. */
  class?: FaultClass;
  result: OutcomeResult;
  /** With `result: 'refused'`: why the repair did not start. */
  code?: RefusalCode;
  /** What was seen that proves it, or what failed and what that means. */
  detail: string;
  startedAt: number;
  endedAt: number;
  /** Path of the backup relative to the backup folder; null when the rung makes none. */
  backup: string | null;
  /** The backup that was put back, when this was a restore and no rung of the ladder. */
  restored?: string;
  /** From our close to the first healthy look, ms; null or absent when it was never closed or is not back. */
  downtimeMs?: number | null;
  /** Last sign of life before and first after (clock ms; null where none was seen): messages in between may be lost. */
  gap?: { from: number | null; to: number | null } | null;
}

import type { Clock } from '../clock.ts';
import { drain } from './drain.ts';
import { EngineError, type Engine } from './engine.ts';
import type { Confirmed } from './confirmed.ts';
import type { Intake } from './intake.ts';
import { isTty, SILENT_READ_MS } from './catch-up.ts';
import { Reading } from './reading.ts';

/** Least entries an audit looks at, also for a container that printed nothing since the last one. */
const SMALLEST_AUDIT = 500;
/** A stream that keeps up is behind the log by far less than an eighth of what an audit covers; else the next tail is longer. */
const SHARE_AHEAD = 8;
/** Unknown keys kept of one audit. More than this is a gap, whatever the stream still brings. */
const MOST_UNKNOWN = 20_000;
/** How long the stream gets to bring what the audit saw first. */
const GRACE_MS = 1_000;
/** So often a stream that makes progress is waited for. */
const MOST_GRACES = 10;

export interface AuditOptions {
  engine: Engine;
  intake: Intake;
  clock: Clock;
  containerId: string;
  tty: boolean;
  /** Up to where the log was compared last. */
  confirmed: Confirmed;
  signal: AbortSignal;
}

/**
 * Reads the end of the log beside the open stream and compares. True when everything in it was seen; false when
 * the stream passed over something or has fallen silent (a rotation, a truncated file, a frozen proxy: the stream
 * stays open and says nothing). It only looks: what is missing is brought by a catch-up, in order.
 */
export async function audit(options: AuditOptions): Promise<boolean> {
  for (let tail = firstTail(options); ; tail *= 2) {
    const { unknown, reached } = await compare(options, tail);
    if (!(await arrive(unknown, options))) return false;
    if (reached) return true;
  }
}

/** What was taken since the last comparison and, mostly, what the engine is ahead of the stream. */
function firstTail({ intake, confirmed }: AuditOptions): number {
  const taken = intake.counts.entries - confirmed.entries;
  // Without stamps to tell whether a tail reaches back, it must do so for sure.
  const ahead = intake.ledger.setBack ? taken : taken / SHARE_AHEAD;
  return SMALLEST_AUDIT + taken + Math.ceil(ahead);
}

/** True when the stream brings all of them within its grace. */
async function arrive(unknown: number[], { intake, clock, signal }: AuditOptions): Promise<boolean> {
  for (let grace = 0; grace < MOST_GRACES && unknown.length > 0; grace++) {
    const before = intake.counts.entries;
    await clock.sleep(GRACE_MS, signal);
    unknown = unknown.filter((key) => !intake.ledger.knows(key));
    if (intake.counts.entries === before) break;
  }
  return unknown.length === 0;
}

interface Comparison {
  /** Keys that should have been seen and were not. */
  unknown: number[];
  /** The tail went back to the confirmed place, so that no gap can lie before it. */
  reached: boolean;
}

/** Compares the end of the log with what was seen. */
async function compare({ engine, intake, containerId, tty, confirmed, signal }: AuditOptions, tail: number): Promise<Comparison> {
  const response = await engine.logs(containerId, { tail }, signal);
  const whole = new UnknownBehind();
  const cut = new UnknownBehind();
  let count = 0;
  let reached = false;
  let firstStamp: string | null = null;
  const reading = new Reading(isTty(response, tty), intake.ledger.last, {
    entry(entry) {
      count++;
      firstStamp ??= entry.stamp;
      const known = intake.ledger.knows(entry.key);
      const fresh = entry.stamp > confirmed.stamp;
      whole.note(entry.key, known, fresh, known);
      // A cut tail may begin inside a run of identical entries, whose ordinals then prove nothing.
      const inFirstRun = entry.stamp === firstStamp && entry.ordinal > 0;
      cut.note(entry.key, known || inFirstRun, fresh, known && entry.stamp !== firstStamp);
      if (!fresh && known && entry.stamp !== firstStamp) reached = true;
    },
    // The follow stream says the same and is heard.
    engineSays: () => undefined,
  });
  const end = await drain(response, (chunk) => reading.push(chunk), SILENT_READ_MS);
  if (end !== 'complete') throw new EngineError(end === 'silent' ? 'no-answer' : 'cut', 'an audit of the log was cut');
  return count < tail ? { unknown: whole.keys, reached: true } : { unknown: cut.keys, reached };
}

/**
 * Collects unknown keys. Before the first known entry they are mostly older than memory; those newer than the
 * confirmed place are not: the tail begins inside a gap.
 */
class UnknownBehind {
  keys: number[] = [];
  #fresh: number[] = [];
  #placed = false;

  note(key: number, known: boolean, fresh: boolean, givesPlace: boolean): void {
    if (givesPlace && !this.#placed) {
      this.#placed = true;
      this.keys = this.#fresh;
    }
    if (known || this.keys.length >= MOST_UNKNOWN) return;
    this.keys.push(key);
    if (fresh && !this.#placed) this.#fresh.push(key);
  }
}

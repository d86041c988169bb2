import type { Clock } from '../clock.ts';
import { EngineError, type Engine, drain } from './engine.ts';
import type { Intake } from './intake.ts';
import { isTty, SILENT_READ_MS } from './catch-up.ts';
import { Reading } from './reading.ts';

/** Least entries an audit looks at, also for a container that printed nothing since the last one. */
const SMALLEST_AUDIT = 500;
/** Unknown keys kept of one audit. More than this is a gap, whatever the stream still brings. */
const MOST_UNKNOWN = 20_000;
/** How long the stream gets to bring what the audit saw first. */
const GRACE_MS = 1_000;
/** So often a stream that makes progress is waited for. */
const MOST_GRACES = 10;

/** A place up to which nothing is missing. */
export interface Confirmed {
  /** Stamp of the newest entry there. */
  stamp: string;
  /** Entries taken by then; what was taken since is what a comparison must reach behind. */
  entries: number;
}

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
  const { intake, clock, signal } = options;
  let unknown = await unknownKeys(options);
  for (let grace = 0; grace < MOST_GRACES && unknown.length > 0; grace++) {
    const before = intake.counts.entries;
    await clock.sleep(GRACE_MS, signal);
    unknown = unknown.filter((key) => !intake.ledger.knows(key));
    if (intake.counts.entries === before) break;
  }
  return unknown.length === 0;
}

/** Keys at the end of the log that should have been seen and were not. */
async function unknownKeys({ engine, intake, containerId, tty, confirmed, signal }: AuditOptions): Promise<number[]> {
  const tail = SMALLEST_AUDIT + 2 * (intake.counts.entries - confirmed.entries);
  const response = await engine.logs(containerId, { tail }, signal);
  const whole = new UnknownBehind();
  const cut = new UnknownBehind();
  let count = 0;
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
    },
    // The follow stream says the same and is heard.
    engineSays: () => undefined,
  });
  const end = await drain(response, (chunk) => reading.push(chunk), SILENT_READ_MS);
  if (end !== 'complete') throw new EngineError(end === 'silent' ? 'no-answer' : 'cut', 'an audit of the log was cut');
  return count < tail ? whole.keys : cut.keys;
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

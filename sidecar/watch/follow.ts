import type { Clock } from '../clock.ts';
import { drain } from './drain.ts';
import type { Engine } from './engine.ts';
import { audit } from './audit.ts';
import { isTty, TAIL } from './catch-up.ts';
import type { Confirmed } from './confirmed.ts';
import { DeliveryError, type Intake } from './intake.ts';
import { OVERLAP_MS } from './ledger.ts';
import { ordinalKey } from './key.ts';
import { type Entry, Reading } from './reading.ts';
import { earlier } from './stamp.ts';

/**
 * An audit is due after so many entries, however soon: keys of older ones are forgotten. It reads them all again, so
 * in a flood it is put off as long as memory (786,432) leaves room for what comes meanwhile.
 */
const ENTRIES_PER_AUDIT = 600_000;
/** Half of what a cursor stores behind the confirmed place: up to some 500 lines/s a restart finds every gap. */
const UNCONFIRMED_PER_AUDIT = 500;
/** How often the clock is looked at while following. */
const TICK_MS = 1_000;

export interface FollowOptions {
  engine: Engine;
  intake: Intake;
  clock: Clock;
  containerId: string;
  tty: boolean;
  auditEveryMs: number;
  /** Entries asked for from before the opening, to prove that nothing lies between. */
  tail?: number;
  signal: AbortSignal;
  random(): number;
  engineSays(message: string): void;
  opened(): void;
  /** Up to where nothing is missing. */
  confirmed: Confirmed;
  audited(confirmed: Confirmed): void;
  auditFailed(error: unknown): void;
}

/**
 * How a stream ended.
 * - `ended` the engine closed it in order: the container stopped, or the engine shuts down
 * - `cut` the connection broke
 * - `gap` more was printed before it opened than its tail shows
 * - `unsure` a part of a line equals the one before it: it may be the line's next part, or (engine 20.10, after a
 *   rotation) the same one again; only the log itself can tell
 * - `missed` an audit found entries the stream did not bring
 */
export type FollowEnd = 'ended' | 'cut' | 'gap' | 'unsure' | 'missed';

/** One follow stream, from its opening to its end. Rejects when it could not be opened or delivered. */
export async function follow(options: FollowOptions): Promise<FollowEnd> {
  const { engine, intake, containerId, signal } = options;
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  // Without `since`: engines up to 23.x compare it with every entry, and lines printed after the clock was set
  // back would never come. An empty log needs no tail to be continued.
  const request = intake.ledger.empty ? { follow: true } : { follow: true, tail: options.tail ?? TAIL };
  const response = await engine.logs(containerId, request, stopped);
  options.opened();

  let verdict: FollowEnd | null = null;
  const end = (why: FollowEnd) => {
    verdict ??= why;
    response.destroy();
  };
  const sorter = new Sorter(intake, end);
  const reading = new Reading(isTty(response, options.tty), intake.ledger.last, {
    entry: (entry) => sorter.sort(entry),
    engineSays(message) {
      sorter.doubt = true;
      options.engineSays(message);
    },
  });
  let refused: unknown = null;
  const watching = watchOver(options, sorter, stopped, end, (error) => {
    refused = error;
    response.destroy();
  });
  try {
    const drained = await drain(response, (chunk) => {
      if (verdict !== null) return;
      reading.push(chunk);
    }, undefined, () => intake.deliver());
    if (refused !== null) throw refused;
    return verdict ?? (drained === 'complete' ? 'ended' : 'cut');
  } finally {
    stop.abort();
    await watching;
  }
}

/** Tells new entries of a follow stream from those that were seen, and from those nobody can be sure of. */
class Sorter {
  readonly #intake: Intake;
  readonly #end: (why: 'gap' | 'unsure') => void;
  #placed: boolean;
  /** Per stream: known entries came whose place in their run nobody can tell, and none since that tells it. */
  readonly #inUnsureRun: (boolean | undefined)[] = [];
  /** Per stream: the first stamp that was known here. */
  readonly #firstStamp: (string | undefined)[] = [];
  #over = false;
  /** Something came that only an audit can judge. */
  doubt = false;

  constructor(intake: Intake, end: (why: 'gap' | 'unsure') => void) {
    this.#intake = intake;
    this.#end = end;
    this.#placed = intake.ledger.empty;
  }

  sort(entry: Entry): void {
    if (this.#over) return;
    const { ledger, parts, counts } = this.#intake;
    if (ledger.knows(entry.key)) {
      const unsure = this.#mayBeLaterInItsRun(entry);
      this.#inUnsureRun[entry.stream] = unsure;
      this.#placed ||= !unsure;
      counts.duplicates++;
    } else if (this.#inUnsureRun[entry.stream]) this.#stop('gap');
    else if (!this.#placed) {
      if (entry.stamp > ledger.high) this.#stop('gap');
    } else if (parts.continues(entry.stream, entry.stamp)) {
      if (entry.ordinal > 0) this.#stop('unsure');
      else this.#intake.take(entry);
    } else if (this.#cameBefore(entry)) {
      this.doubt = true;
    } else this.#intake.take(entry);
  }

  /** The tail may begin inside a run of identical entries (parts of one long line): counted from there, a new one looks like an old one. */
  #mayBeLaterInItsRun({ stream, stamp, ordinal, key }: Entry): boolean {
    this.#firstStamp[stream] ??= stamp;
    return this.#firstStamp[stream] === stamp && (ordinal > 0 || this.#intake.ledger.knows(ordinalKey(key, 1)));
  }

  #stop(why: 'gap' | 'unsure'): void {
    this.#over = true;
    this.#end(why);
  }

  /**
   * Engine 20.10 delivers entries again after a rotation, also such as memory has forgotten. An entry far behind the
   * last one, or identical to the one before it, may be that, or a clock set back, or really printed twice: the
   * engine's file knows.
   */
  #cameBefore(entry: Entry): boolean {
    if (entry.ordinal > 0) return true;
    const { last } = this.#intake.ledger;
    return entry.stamp < last && last !== '' && entry.stamp < earlier(last, OVERLAP_MS);
  }
}

/** A busy stream is compared before its cursor grows; in a flood memory is the limit. */
function auditIsDueBySize(intake: Intake, confirmed: Confirmed): boolean {
  const { unconfirmed } = intake.ledger;
  if (unconfirmed !== null) return unconfirmed >= UNCONFIRMED_PER_AUDIT;
  return intake.counts.entries - confirmed.entries >= ENTRIES_PER_AUDIT;
}

/** While the stream is open: closes lines whose rest does not come, and audits. Ends with the stream. */
async function watchOver(options: FollowOptions, sorter: Sorter, signal: AbortSignal, end: (why: FollowEnd) => void, refused: (error: DeliveryError) => void): Promise<void> {
  const { intake, clock } = options;
  let auditedAt = clock.now();
  let { confirmed } = options;
  const jittered = () => options.auditEveryMs * (0.8 + 0.4 * options.random());
  let dueMs = jittered();
  while (!signal.aborted) {
    try {
      await clock.sleep(Math.min(TICK_MS, options.auditEveryMs), signal);
      // A stream that stands still brings no parts either: only the log shows that a line has no more of them.
      const { idle } = intake.parts;
      if (!idle && !sorter.doubt && !auditIsDueBySize(intake, confirmed) && clock.now() - auditedAt < dueMs) continue;
      sorter.doubt = false;
      intake.ledger.question();
      const upTo = { stamp: intake.ledger.last, high: intake.ledger.high, entries: intake.counts.entries };
      if (!(await audit({ ...options, confirmed, signal }))) return end('missed');
      intake.ledger.confirm();
      confirmed = upTo;
      options.audited(confirmed);
      auditedAt = clock.now();
      dueMs = jittered();
      if (idle) {
        intake.parts.closeIdle();
        intake.deliver();
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof DeliveryError) return refused(error);
      auditedAt = clock.now();
      options.auditFailed(error);
    }
  }
}

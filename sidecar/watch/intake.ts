import type { Clock } from '../clock.ts';
import type { LogLine, Origin } from '../words.ts';
import type { Glance } from './glance.ts';
import { Ledger } from './ledger.ts';
import { LineMaker } from './lines.ts';
import { Parts } from './parts.ts';
import type { Entry } from './reading.ts';

/** A place in a container's log, to be stored by the receiver. `json` is opaque to it. */
export interface Cursor {
  containerId: string;
  container: string;
  json: string;
}

/** Lines in the order of the log. The cursor is true once they were read: both belong in one transaction. */
export interface Delivery {
  lines: LogLine[];
  cursor: Cursor;
}

/** The receiver could not store a delivery. What it holds last is the truth: reading starts again from there. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
}

export interface IntakeOptions extends Origin {
  clock: Clock;
  lineBound: number;
  /** How long keys stay known, in event time. */
  retainMs: number;
  /** Only lines that it finds to be decoded are delivered with their text. */
  glance?: Glance | null;
  loadCursor(containerId: string): string | null;
  deliver(delivery: Delivery): void;
}

/** What happened to a container's lines, counted since the watcher started. */
export interface IntakeCounts {
  lines: number;
  entries: number;
  duplicates: number;
  recovered: number;
  skippedBytes: number;
}

/**
 * The one door through which entries become lines, whichever reading brought them: follow, catch-up, both again
 * after a cut. Whoever calls `take` has asked `ledger` first.
 */
export class Intake {
  readonly counts: IntakeCounts = { lines: 0, entries: 0, duplicates: 0, recovered: 0, skippedBytes: 0 };
  readonly #options: IntakeOptions;
  ledger!: Ledger;
  parts!: Parts;
  /** Entries above the cursor that the receiver knows, without a line of their own. */
  #undelivered = false;
  #refused: DeliveryError | null = null;
  newestStamp = '';
  lagMs: number | null = null;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.reload();
  }

  /** Goes back to what the receiver has stored. */
  reload(): void {
    const { loadCursor, containerId, clock, lineBound, retainMs } = this.#options;
    const ledger = new Ledger(loadCursor(containerId), retainMs);
    this.#refused = null;
    this.ledger = ledger;
    this.parts = new Parts(new LineMaker(this.#options, lineBound), clock, {
      opened: (stream) => ledger.hold(stream),
      closed: (stream) => ledger.release(stream),
    }, lineBound, this.#options.glance ?? null);
  }

  /** An entry nobody has seen, in the log's order. */
  take(entry: Entry): void {
    this.counts.entries++;
    this.parts.accept(entry.stream, entry.stamp, entry.bytes, entry.start, entry.end, entry.skipped);
    if (this.parts.pending(entry.stream)) this.ledger.addHeld(entry.stream, entry.key, entry.stamp);
    else this.ledger.add(entry.key, entry.stamp);
    this.#undelivered = true;
  }

  /** An entry from before the time asked for: it moves the cursor and becomes no line. */
  pass(entry: Entry): void {
    this.ledger.add(entry.key, entry.stamp);
    this.#undelivered = true;
  }

  /**
   * Hands on what is complete, with the cursor behind it. Throws a DeliveryError when the receiver refuses, and from
   * then on until `reload`: a later delivery's cursor would stand behind lines that were never stored.
   */
  deliver(): void {
    if (this.#refused) throw this.#refused;
    const lines = this.parts.take();
    if (lines.length === 0 && !this.#undelivered) return;
    this.#undelivered = false;
    const { containerId, container, clock } = this.#options;
    try {
      this.#options.deliver({ lines, cursor: { containerId, container, json: this.ledger.save() } });
    } catch (error) {
      this.#refused = new DeliveryError(error instanceof Error ? error.message : String(error), { cause: error });
      throw this.#refused;
    }
    const newest = lines.at(-1);
    if (newest === undefined) return;
    this.counts.lines += lines.length;
    for (const line of lines) this.counts.skippedBytes += line.skippedBytes;
    this.newestStamp = newest.ts;
    this.lagMs = Math.max(0, clock.now() - Date.parse(newest.ts));
  }
}

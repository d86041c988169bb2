import { type Held, type SavedPosition, parsePosition, savePosition } from './cursor.ts';

/**
 * What was processed of one container's log. An entry is known by its key (stream, timestamp, content, ordinal);
 * the *position* is the newest processed entry in the log's own order. Order of the log, not of the timestamps:
 * stdout and stderr are stamped by two goroutines, and a clock can be set back.
 */

/** Keys kept for the cursor: any one of them found again gives the position. */
const RING = 64;
/** Keys of at least this many entries stay known: more than the tail a reading begins with. */
const GENERATION = 8_192;
/** ... and of at least this long, in event time, so that the two streams' disorder stays inside. */
export const OVERLAP_MS = 3_000;
/** ... but never more than this: 20 MB of keys, 4 s of the fastest flood an engine can deliver. */
const LARGEST_GENERATION = 299_008;
/** The age of a generation is looked at once in so many entries; both bounds are multiples of it. */
const AGE_CHECK = 1_024;
/** So many of the newest entries are known for sure, as long as they are no older than the retained time. */
export const MEMORY = LARGEST_GENERATION;

export class Ledger {
  #current = new Set<number>();
  #previous = new Set<number>();
  #generationStart = '';
  readonly #ring = new Float64Array(RING);
  #ringFilled = 0;
  #last = '';
  #high = '';
  #retainMs: number;
  /** Keys from a stored cursor that were delivered behind a line then under way: known, but no position. */
  #scattered = new Set<number>();
  #held: Partial<Record<1 | 2, Held>> = {};

  constructor(saved: string | null, retainMs = OVERLAP_MS) {
    this.#retainMs = retainMs;
    const position = saved === null ? null : parsePosition(saved);
    if (position !== null) this.#resume(position);
  }

  /** True until the first entry: nothing of this container's log was ever processed. */
  get empty(): boolean {
    return this.#ringFilled === 0 && this.#last === '';
  }

  /** Stamp of the newest processed entry in the log's order; `''` while empty. */
  get last(): string {
    return this.#last;
  }

  /** The highest stamp ever processed. */
  get high(): string {
    return this.#high;
  }

  knows(key: number): boolean {
    return this.#current.has(key) || this.#previous.has(key) || this.#scattered.has(key);
  }

  /** True when everything before that entry in the log was processed too, as far as memory reaches. */
  marksPosition(key: number): boolean {
    return this.#current.has(key) || this.#previous.has(key);
  }

  add(key: number, stamp: string): void {
    this.#remember(key, stamp);
    this.#ring[this.#ringFilled++ % RING] = key;
    this.#last = stamp;
    if (stamp > this.#high) this.#high = stamp;
    this.#held[1]?.after.push(key);
    this.#held[2]?.after.push(key);
  }

  /** An entry that belongs to a line under way: processed, but a stored cursor must bring it again. */
  addHeld(stream: 1 | 2, key: number, stamp: string): void {
    const other = this.#held[stream === 1 ? 2 : 1];
    const mark = other?.after.length ?? 0;
    this.add(key, stamp);
    this.#held[stream]?.after.pop();
    this.#held[stream]?.own.push(key);
    // The other stream's line under way may not count it as delivered either.
    if (other) other.after.length = mark;
  }

  hold(stream: 1 | 2): void {
    this.#held[stream] = { position: this.#position(), after: [], own: [], order: this.#held[stream === 1 ? 2 : 1] ? 2 : 1 };
  }

  /** The line under way was delivered. */
  release(stream: 1 | 2): void {
    const done = this.#held[stream];
    const other = this.#held[stream === 1 ? 2 : 1];
    delete this.#held[stream];
    if (!done || !other) return;
    other.after.push(...done.own);
    other.order = 1;
  }

  /** The catch-up is complete: from here on every known key is part of one unbroken stretch of the log. */
  settle(): void {
    for (const key of this.#scattered) this.#remember(key, this.#last);
    this.#scattered.clear();
  }

  /** The cursor to store: true once everything handed out so far was read. */
  save(): string {
    const oldest = this.#held[1]?.order === 1 ? this.#held[1] : (this.#held[2] ?? this.#held[1]);
    return oldest ? savePosition(oldest.position, oldest.after) : savePosition(this.#position(), []);
  }

  #position(): SavedPosition {
    const filled = Math.min(this.#ringFilled, RING);
    const keys = new Float64Array(filled);
    for (let i = 0; i < filled; i++) keys[i] = this.#ring[(this.#ringFilled - filled + i) % RING]!;
    return { last: this.#last, high: this.#high, keys };
  }

  #resume(position: SavedPosition & { after: number[] }): void {
    for (const key of position.keys) {
      this.#remember(key, position.last);
      this.#ring[this.#ringFilled++ % RING] = key;
    }
    this.#last = position.last;
    this.#high = position.high;
    this.#scattered = new Set(position.after);
  }

  #remember(key: number, stamp: string): void {
    const { size } = this.#current;
    if (size >= GENERATION && size % AGE_CHECK === 0 && (size >= LARGEST_GENERATION || this.#spans(stamp))) {
      this.#previous = this.#current;
      this.#current = new Set();
    }
    if (this.#current.size === 0) this.#generationStart = stamp;
    this.#current.add(key);
  }

  #spans(stamp: string): boolean {
    return Math.abs(Date.parse(stamp) - Date.parse(this.#generationStart)) >= this.#retainMs;
  }
}

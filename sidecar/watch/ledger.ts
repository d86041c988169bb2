import { type Held, type SavedPosition, parsePosition, savePosition } from './cursor.ts';
import { KeySet } from './key-set.ts';
import { earlier } from './stamp.ts';

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
/** ... but never more than this: 8 MiB of keys, twice; 5 s of the fastest flood an engine can deliver. */
const LARGEST_GENERATION = 786_432;
/** The age of a generation is looked at once in so many entries; both bounds are multiples of it. */
const AGE_CHECK = 1_024;
/** So many of the newest entries are known for sure, as long as they are no older than the retained time. */
export const MEMORY = LARGEST_GENERATION;

/** So many keys behind the confirmed place are stored with it (11 KB in text); half of the tail that a catch-up begins with. */
const MOST_BEHIND_CONFIRMED = 1_000;

/** A place in the log and what was delivered behind it. */
interface Place {
  position: SavedPosition;
  after: number[];
  /** Entries processed when it was made. */
  at: number;
}

export class Ledger {
  #current = new KeySet();
  #previous = new KeySet();
  #generationStart = '';
  readonly #ring = new Float64Array(RING);
  #ringFilled = 0;
  #last = '';
  #high = '';
  #retainMs: number;
  /** Keys from a stored cursor that were delivered behind a line then under way: known, but no position. */
  #scattered = new Set<number>();
  #held: Partial<Record<1 | 2, Held>> = {};
  /** Up to here nothing is missing for sure; null when too much was delivered since. */
  #confirmed: Place | null = null;
  /** A place that is being compared with the log. */
  #inQuestion: Place | null = null;
  #processed = 0;

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

  /** True while a clock that was set back has not caught up: stamps do not tell what is old. */
  get setBack(): boolean {
    return this.#high !== '' && this.#last < earlier(this.#high, OVERLAP_MS);
  }

  knows(key: number): boolean {
    return this.#current.has(key) || this.#previous.has(key) || this.#scattered.has(key);
  }

  /** True when everything before that entry in the log was processed too, as far as memory reaches. */
  marksPosition(key: number): boolean {
    return this.#current.has(key) || this.#previous.has(key);
  }

  add(key: number, stamp: string): void {
    this.#process(key, stamp);
    this.#held[1]?.after.push(key);
    this.#held[2]?.after.push(key);
    this.#confirmed = withAfter(this.#confirmed, key);
    this.#inQuestion = withAfter(this.#inQuestion, key);
  }

  /** An entry that belongs to a line under way: processed, but a stored cursor must bring it again. */
  addHeld(stream: 1 | 2, key: number, stamp: string): void {
    this.#process(key, stamp);
    this.#held[stream]?.own.push(key);
  }

  hold(stream: 1 | 2): void {
    this.#held[stream] = { position: this.#position(), after: [], own: [], order: this.#held[stream === 1 ? 2 : 1] ? 2 : 1, at: this.#processed };
  }

  /** The line under way was delivered. */
  release(stream: 1 | 2): void {
    const done = this.#held[stream];
    const other = this.#held[stream === 1 ? 2 : 1];
    delete this.#held[stream];
    if (!done) return;
    for (const key of done.own) {
      other?.after.push(key);
      this.#confirmed = withAfter(this.#confirmed, key);
      this.#inQuestion = withAfter(this.#inQuestion, key);
    }
    if (other) other.order = 1;
  }

  /** The present place is about to be compared with the log. */
  question(): void {
    this.#inQuestion = { position: this.#position(), after: [], at: this.#processed };
  }

  /** Nothing is missing up to the place in question. */
  confirm(): void {
    this.#confirmed = this.#inQuestion;
    this.#inQuestion = null;
  }

  /** Entries delivered behind the confirmed place; null when they are too many to be stored with it. */
  get unconfirmed(): number | null {
    return this.#confirmed === null ? null : this.#confirmed.after.length;
  }

  /** The catch-up is complete: from here on every known key is part of one unbroken stretch of the log. */
  settle(): void {
    for (const key of this.#scattered) this.#remember(key, this.#last);
    this.#scattered.clear();
  }

  /**
   * The cursor to store: true once everything handed out so far was read. It stands at the confirmed place, so that
   * after a restart what a follow stream passed over since is found; in a flood, at the newest entry.
   */
  save(): string {
    const oldest = this.#held[1]?.order === 1 ? this.#held[1] : (this.#held[2] ?? this.#held[1]);
    const confirmed = this.#confirmed;
    if (confirmed && (!oldest || confirmed.at <= oldest.at)) return savePosition(confirmed.position, confirmed.after);
    return oldest ? savePosition(oldest.position, oldest.after) : savePosition(this.#position(), []);
  }

  #process(key: number, stamp: string): void {
    this.#remember(key, stamp);
    this.#ring[this.#ringFilled++ % RING] = key;
    this.#last = stamp;
    if (stamp > this.#high) this.#high = stamp;
    this.#processed++;
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
      this.#current = new KeySet();
    }
    if (this.#current.size === 0) this.#generationStart = stamp;
    this.#current.add(key);
  }

  #spans(stamp: string): boolean {
    return Math.abs(Date.parse(stamp) - Date.parse(this.#generationStart)) >= this.#retainMs;
  }
}

function withAfter(place: Place | null, key: number): Place | null {
  if (place === null || place.after.length === MOST_BEHIND_CONFIRMED) return null;
  place.after.push(key);
  return place;
}

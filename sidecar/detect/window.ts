import type { Nanos } from '../words.ts';

/**
 * Hits kept per window. Far above any threshold; a flood beyond it drops the oldest, so that one sick session
 * cannot fill the memory (the reported count then stops here).
 */
const MOST_KEPT = 5_000;

/** A window that holds more than allowed: it ends at `at` and holds `hits`, oldest first. */
export interface Exceeded<T> {
  at: Nanos;
  hits: readonly T[];
}

/**
 * Exact sliding window over event time: `t - window < at <= t`. Hits may come late, equal or out of order.
 * A window that ended a whole window before the newest hit is over; what comes in for it changes nothing.
 */
export class SlidingWindow<T extends { readonly at: Nanos }> {
  readonly #maxHits: number;
  readonly #length: Nanos;
  /** By event time; equal times in the order they came. */
  #hits: T[] = [];

  constructor(maxHits: number, windowMs: number) {
    this.#maxHits = maxHits;
    this.#length = BigInt(windowMs) * 1_000_000n;
  }

  /** Takes a hit in and looks again at every window that holds it: the latest one with too many, or null. */
  insert(hit: T): Exceeded<T> | null {
    const place = this.#after(hit.at);
    this.#hits.splice(place, 0, hit);
    const newest = this.#hits.at(-1)!.at;
    const found = this.#latestExceeded(hit.at, place, newest);
    this.#forget(newest);
    return found;
  }

  /** Hits inside the window that ends at `at`, oldest first. */
  upTo(at: Nanos): readonly T[] {
    return this.#hits.slice(this.#after(at - this.#length), this.#after(at));
  }

  /** The hit nearest to `at` within `reach` that suits. */
  nearest(at: Nanos, reach: Nanos, suits: (hit: T) => boolean): T | null {
    let best: T | null = null;
    for (let i = this.#after(at + reach) - 1; i >= 0 && this.#hits[i]!.at >= at - reach; i--) {
      const hit = this.#hits[i]!;
      if (suits(hit) && (!best || distance(hit.at, at) < distance(best.at, at))) best = hit;
    }
    return best;
  }

  remove(suits: (hit: T) => boolean): void {
    this.#hits = this.#hits.filter((hit) => !suits(hit));
  }

  get newest(): T | null {
    return this.#hits.at(-1) ?? null;
  }

  #latestExceeded(at: Nanos, place: number, newest: Nanos): Exceeded<T> | null {
    for (let end = this.#hits.length - 1; end >= place; end--) {
      const endsAt = this.#hits[end]!.at;
      if (endsAt <= newest - this.#length) return null;
      if (at <= endsAt - this.#length) continue;
      const start = this.#after(endsAt - this.#length);
      if (end - start + 1 > this.#maxHits) return { at: endsAt, hits: this.#hits.slice(start, end + 1) };
    }
    return null;
  }

  /** A window that is not over reaches back at most two lengths from the newest hit. */
  #forget(newest: Nanos): void {
    const over = Math.max(this.#after(newest - 2n * this.#length), this.#hits.length - MOST_KEPT);
    if (over > 0) this.#hits.splice(0, over);
  }

  /** Index behind the last hit at or before `at`; hits mostly come in order, so the end is tried first. */
  #after(at: Nanos): number {
    if (this.#hits.length === 0 || this.#hits.at(-1)!.at <= at) return this.#hits.length;
    let low = 0;
    let high = this.#hits.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#hits[middle]!.at <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const distance = (a: Nanos, b: Nanos): Nanos => (a > b ? a - b : b - a);

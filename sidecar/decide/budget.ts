/**
 * A budget that refills: repairs slow down when they do not help, they never stop for ever.
 * Holds at most `capacity` and gains one every `refillMs`. All times are clock milliseconds.
 */
export class Budget {
  readonly #capacity: number;
  readonly #refillMs: number;
  #left: number;
  #countedAt: number | null = null;

  constructor(capacity: number, refillMs: number) {
    this.#capacity = capacity;
    this.#refillMs = refillMs;
    this.#left = capacity;
  }

  /** Null when one may be spent now, else the time from which one can be. */
  spentUntil(now: number): number | null {
    this.#refill(now);
    return this.#left >= 1 ? null : this.#countedAt! + this.#refillMs;
  }

  spend(now: number): void {
    this.#refill(now);
    this.#countedAt ??= now;
    this.#left -= 1;
  }

  /** The clock was set back by so much. */
  setBack(ms: number): void {
    if (this.#countedAt !== null) this.#countedAt -= ms;
  }

  #refill(now: number): void {
    if (this.#countedAt === null) return;
    const gained = Math.floor(Math.max(0, now - this.#countedAt) / this.#refillMs);
    this.#left = Math.min(this.#capacity, this.#left + gained);
    this.#countedAt = this.#left === this.#capacity ? null : this.#countedAt + gained * this.#refillMs;
  }
}

/** A set starts with room for half of the smallest generation: a quiet container's costs 64 KiB. */
const FIRST_SLOTS = 8_192;
/** Fuller than this, linear probing gets slow. */
const FULLEST = 0.75;
const EMPTY = 0;

/**
 * A set of keys (whole numbers from 0 up to 53 bits) that can only grow: 11 to 21 bytes a key and nothing for the
 * garbage collector to walk. JavaScript's own takes 40 to 80, each number an object of its own.
 */
export class KeySet {
  #slots = new Float64Array(FIRST_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(key: number): boolean {
    return this.#slots[slotOf(this.#slots, key + 1)] !== EMPTY;
  }

  add(key: number): void {
    // One more, so that no key looks like an empty slot; the largest one is still exact.
    const stored = key + 1;
    const slot = slotOf(this.#slots, stored);
    if (this.#slots[slot] !== EMPTY) return;
    this.#slots[slot] = stored;
    if (++this.#size > this.#slots.length * FULLEST) this.#grow();
  }

  #grow(): void {
    const larger = new Float64Array(this.#slots.length * 2);
    for (const stored of this.#slots) if (stored !== EMPTY) larger[slotOf(larger, stored)] = stored;
    this.#slots = larger;
  }
}

/** Where `stored` is, or the empty slot where it belongs. */
function slotOf(slots: Float64Array, stored: number): number {
  const mask = slots.length - 1;
  // Both halves of a key: the sum of one alone may repeat in small numbers.
  let slot = (stored ^ (stored / 0x100000000)) & mask;
  for (;;) {
    const there = slots[slot]!;
    if (there === stored || there === EMPTY) return slot;
    slot = (slot + 1) & mask;
  }
}

import type { Attribution, FaultClass, HitClass, Nanos } from '../words.ts';
import { Ledger } from './cause.ts';

/** Names nobody knows are counted too, so that they can be reported; hostile text must not fill the memory with them. */
const MOST_STRANGERS = 500;
/** An owner without a hit for that long is forgotten. */
const FORGET_AFTER: Nanos = 2n * 3_600_000_000_000n;

/** Whose ledger: a session, a name nobody knows, or the lines of a container that name nobody. */
export function ownerOf(who: Attribution, container: string): string {
  if ('session' in who) return `session ${who.session}`;
  return who.refused === 'unknown-session' ? `stranger ${who.spelled.toLowerCase()}` : `nobody ${container}`;
}

/** The ledgers of everybody, made at the first hit and forgotten when they have been quiet for long. */
export class Owners {
  readonly #maxHits: number;
  readonly #windowMs: number;
  readonly #ledgers = new Map<string, Map<HitClass, Ledger>>();
  readonly #strangers = new Set<string>();

  constructor(maxHits: number, windowMs: number) {
    this.#maxHits = maxHits;
    this.#windowMs = windowMs;
  }

  ledger(owner: string, cls: HitClass): Ledger {
    let classes = this.#ledgers.get(owner);
    if (!classes) {
      classes = new Map();
      this.#ledgers.set(owner, classes);
      if (owner.startsWith('stranger ')) this.#welcome(owner);
    }
    let ledger = classes.get(cls);
    if (!ledger) {
      // Signals are told apart by cause like faults, but never fire.
      ledger = new Ledger(cls === 'corruption' || cls === 'disconnect' ? this.#maxHits : Number.POSITIVE_INFINITY, this.#windowMs);
      classes.set(cls, ledger);
    }
    return ledger;
  }

  known(owner: string, cls: HitClass): Ledger | undefined {
    return this.#ledgers.get(owner)?.get(cls);
  }

  get size(): number {
    return this.#ledgers.size;
  }

  count(owner: string, cls: FaultClass, at: Nanos): number {
    return this.known(owner, cls)?.upTo(at).length ?? 0;
  }

  /** Forgets hits from the future (a clock that ran ahead) and owners that have been quiet for hours. */
  tidy(now: Nanos, latest: Nanos): void {
    for (const [owner, classes] of this.#ledgers) {
      let quiet = true;
      for (const ledger of classes.values()) {
        ledger.dropAfter(latest);
        if (ledger.lastTouched > now - FORGET_AFTER) quiet = false;
      }
      if (quiet) {
        this.#ledgers.delete(owner);
        this.#strangers.delete(owner);
      }
    }
  }

  #welcome(stranger: string): void {
    this.#strangers.add(stranger);
    if (this.#strangers.size <= MOST_STRANGERS) return;
    const oldest = this.#strangers.values().next().value!;
    this.#strangers.delete(oldest);
    this.#ledgers.delete(oldest);
  }
}

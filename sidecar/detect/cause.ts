import type { Nanos } from '../words.ts';
import { own } from './own.ts';
import { SlidingWindow, type Exceeded } from './window.ts';

/** Lines of one session and class this close together tell of one event (three loggers, gateway and wrapper). */
export const TOGETHER: Nanos = 2_000_000_000n;
/** Retries of one message come for minutes; after an hour its id no longer matters. */
export const CAUSES_KNOWN_MS = 3_600_000;
const REMEMBERED: Nanos = BigInt(CAUSES_KNOWN_MS) * 1_000_000n;
const MOST_REMEMBERED = 2_000;

/** What makes two lines the same cause. */
export interface CauseHint {
  /** Id of the message that could not be decrypted: two ids are two causes even in the same instant. */
  key?: string | null;
  /** The libsignal block it was read from: two blocks are two causes. */
  block?: string | null;
}

/** One cause as it is counted. */
export interface Counted {
  readonly at: Nanos;
  readonly cause: string;
  pattern: string;
  evidence: string;
  /** Set once a line told them; a cause takes at most one of each. */
  key: string | null;
  block: string | null;
  /** A lock or a closed browser says more than the lines around it. */
  telling: boolean;
}

export interface Told {
  at: Nanos;
  pattern: string;
  evidence: string;
  telling: boolean;
  hint: CauseHint;
}

export interface Verdict {
  cause: string;
  /** False: the same cause was counted before. */
  fresh: boolean;
  exceeded: Exceeded<Counted> | null;
}

/** The hits of one owner and class: each cause once, in an exact window. */
export class Ledger {
  readonly #window: SlidingWindow<Counted>;
  readonly #known = new Map<string, Counted>();
  #spentUpTo: Nanos = -1n;
  /** Newest event time this ledger had to do with. */
  lastTouched: Nanos = -1n;

  constructor(maxHits: number, windowMs: number) {
    this.#window = new SlidingWindow(maxHits, windowMs);
  }

  note(told: Told): Verdict {
    const before = this.#sameCause(told);
    if (before) {
      this.#learn(before, told);
      return { cause: before.cause, fresh: false, exceeded: null };
    }
    const hit: Counted = {
      at: told.at, cause: nameOf(told), pattern: told.pattern, evidence: told.evidence, telling: told.telling,
      key: told.hint.key ? own(told.hint.key) : null, block: told.hint.block ? own(told.hint.block) : null,
    };
    this.#remember(hit);
    const exceeded = told.at > this.#spentUpTo ? this.#window.insert(hit) : null;
    return { cause: hit.cause, fresh: true, exceeded };
  }

  /** Puts a stored hit back as it was counted before a restart. */
  restore(stored: { at: Nanos; cause: string; pattern: string; evidence: string; telling: boolean }): void {
    if (this.#known.has(stored.cause)) return;
    const hit: Counted = {
      at: stored.at, cause: stored.cause, pattern: stored.pattern, evidence: stored.evidence, telling: stored.telling,
      key: afterPrefix(stored.cause, 'key:'), block: afterPrefix(stored.cause, 'block:'),
    };
    this.#remember(hit);
    if (hit.at > this.#spentUpTo) this.#window.insert(hit);
  }

  /** Evidence up to then is spent: a recovery, or a repair that ended. */
  spend(upTo: Nanos): void {
    if (upTo <= this.#spentUpTo) return;
    this.#spentUpTo = upTo;
    this.#touch(upTo);
    this.#window.remove((hit) => hit.at <= upTo);
  }

  /** Takes one cause back, by its name or its message's key: it turned out to be somebody else's. */
  retract(name: string): string | null {
    const hit = this.#known.get(name);
    if (!hit) return null;
    this.#known.delete(name);
    this.#window.remove((other) => other === hit);
    return hit.cause;
  }

  /** Drops hits stamped later than that: a clock that ran ahead must not hold the window for ever. */
  dropAfter(at: Nanos): void {
    if (this.lastTouched <= at) return;
    this.lastTouched = at;
    if (this.#spentUpTo > at) this.#spentUpTo = at;
    this.#window.remove((hit) => hit.at > at);
  }

  upTo(at: Nanos): readonly Counted[] {
    return this.#window.upTo(at);
  }

  #sameCause({ at, hint }: Told): Counted | null {
    if (hint.key) return this.#known.get(`key:${hint.key}`) ?? this.#window.nearest(at, TOGETHER, (hit) => hit.key === null && (hit.block === null || hint.block === null || hint.block === undefined));
    if (hint.block) return this.#known.get(`block:${hint.block}`) ?? this.#window.nearest(at, TOGETHER, (hit) => hit.key === null && hit.block === null);
    return this.#window.nearest(at, TOGETHER, () => true);
  }

  #learn(hit: Counted, told: Told): void {
    if (told.hint.key && hit.key === null) {
      hit.key = own(told.hint.key);
      this.#known.set(`key:${hit.key}`, hit);
    }
    if (told.hint.block && hit.block === null) hit.block = told.hint.block;
    if (told.telling && !hit.telling) {
      hit.pattern = told.pattern;
      hit.evidence = told.evidence;
      hit.telling = true;
    }
  }

  #touch(at: Nanos): void {
    if (at > this.lastTouched) this.lastTouched = at;
  }

  #remember(hit: Counted): void {
    this.#touch(hit.at);
    this.#known.set(hit.cause, hit);
    for (const [name, old] of this.#known) {
      if (this.#known.size <= MOST_REMEMBERED && old.at > hit.at - REMEMBERED) break;
      this.#known.delete(name);
    }
  }
}

function nameOf(told: Told): string {
  if (told.hint.key) return own(`key:${told.hint.key}`);
  if (told.hint.block) return own(`block:${told.hint.block}`);
  return `burst:${told.at}`;
}

const afterPrefix = (text: string, prefix: string): string | null => (text.startsWith(prefix) ? text.slice(prefix.length) : null);

import type { Attribution, Nanos } from '../words.ts';
import { TOGETHER } from './cause.ts';
import type { Pattern } from './pattern.ts';

/** More lines about trouble than this in one container are not needed to find a neighbour; twice as many are held. */
const MOST_KEPT = 200;

interface Named {
  at: Nanos;
  pattern: string;
  who: Attribution;
  /** Patterns that took their session from this line already. */
  given: Set<string>;
}

/**
 * The lines of one container that named a session lately, so that a line of the same event without a name
 * (`browserClose` after `[s1:page] Page Closed`) can borrow it: first come, first served.
 */
export class Companions {
  #named: Named[] = [];

  remember(pattern: Pattern, at: Nanos, who: Attribution): void {
    this.#named.push({ at, pattern: pattern.id, who, given: new Set() });
    if (this.#named.length >= 2 * MOST_KEPT) this.#named = this.#named.slice(-MOST_KEPT);
  }

  /** Whose line the nameless one beside it is, or null where no line named anybody. */
  borrow(pattern: Pattern, at: Nanos): Attribution | null {
    const near = this.#named.filter((one) => pattern.companions.includes(one.pattern) && at - one.at <= TOGETHER && one.at - at <= TOGETHER);
    const from = near.find((one) => !one.given.has(pattern.id)) ?? near.at(-1);
    if (!from) return null;
    from.given.add(pattern.id);
    return 'session' in from.who ? { session: from.who.session, by: 'block' } : from.who;
  }
}

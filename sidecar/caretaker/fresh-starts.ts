import type { WatchedContainer } from '../watch/watch-health.ts';

/** A container that has just got past its first minute. */
export interface Settled {
  /** The watched name. */
  container: string;
  /** Clock ms: what it printed up to here is no fault. */
  until: number;
}

/**
 * A program that starts meets everything that was sent meanwhile, some of it encrypted for what it was before: keys
 * that fail in the first minute heal by themselves. Names each start once, when that time is over.
 */
export class FreshStarts {
  readonly #leaveAloneMs: number;
  readonly #seen = new Map<string, number>();

  constructor(leaveAloneMs: number) {
    this.#leaveAloneMs = leaveAloneMs;
  }

  over(containers: readonly Pick<WatchedContainer, 'id' | 'name' | 'running' | 'startedAt'>[], now: number): Settled[] {
    const over = containers.filter(({ id, running, startedAt }) => running && startedAt !== null && now - startedAt >= this.#leaveAloneMs && this.#seen.get(id) !== startedAt);
    for (const { id, startedAt } of over) this.#seen.set(id, startedAt!);
    for (const id of this.#seen.keys()) if (!containers.some((container) => container.id === id)) this.#seen.delete(id);
    return over.map(({ name, startedAt }) => ({ container: name, until: startedAt! + this.#leaveAloneMs }));
  }
}

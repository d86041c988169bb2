import type { HitClass, Outcome } from '../words.ts';

const HOUR_MS = 3_600_000;

/** Something that a session's lines told, besides its everyday events. Clock ms. */
export interface Mark { at: number; class: HitClass; pattern: string; evidence: string }

/** A stretch in which messages may be lost. */
export interface Gap { from: number; to: number | null; why: string }

export interface Timeline {
  session: string;
  from: number;
  to: number;
  /** Events per started hour, oldest first; hours without any are left out. */
  hours: { at: number; events: Record<string, number> }[];
  /** The newest of each kind of event. */
  last: Record<string, number>;
  /** Connects, closes and other trouble, oldest first. */
  marks: Mark[];
  gaps: Gap[];
  repairs: Outcome[];
  /** From when on each container's log could be read; null: nothing of it. */
  logs: Record<string, number | null>;
}

/** Events that only a living page sends. `status-find`, `closesession`, `qrcode` and the like tell of the session's own state, its close among them. */
const isSignOfLife = (event: string): boolean => /^on[a-z]|^incomingcall$/.test(event);

/** Message events: what a customer would miss. */
const isMessage = (event: string): boolean => /message/.test(event);

/** Gathers a session's story from lines and records in any order; the same thing told twice counts once. */
export class TimelineBuilder {
  readonly #span: { session: string; from: number; to: number; silentAfterMs: number };
  readonly #hours = new Map<number, Map<string, number>>();
  readonly #last = new Map<string, number>();
  readonly #signs: number[] = [];
  readonly #marks = new Map<string, Mark>();
  readonly #logs = new Map<string, number | null>();
  repairs: Outcome[] = [];

  constructor(span: { session: string; from: number; to: number; silentAfterMs: number }) {
    this.#span = span;
  }

  log(container: string, firstLineAt: number | null): void {
    this.#logs.set(container, this.#logs.get(container) ?? firstLineAt);
  }

  event(event: string, at: number): void {
    const hour = Math.floor(at / HOUR_MS) * HOUR_MS;
    const events = this.#hours.get(hour) ?? new Map<string, number>();
    this.#hours.set(hour, events.set(event, (events.get(event) ?? 0) + 1));
    this.newest(event, at);
    if (isSignOfLife(event)) this.#signs.push(at);
  }

  /** Only the newest time of that event is known. */
  newest(event: string, at: number): void {
    if (at > (this.#last.get(event) ?? -Infinity)) this.#last.set(event, at);
  }

  mark(mark: Mark, cause: string): void {
    if (!this.#marks.has(cause)) this.#marks.set(cause, mark);
  }

  build(): Timeline {
    const { session, from, to } = this.#span;
    const marks = [...this.#marks.values()].sort((a, b) => a.at - b.at);
    return {
      session, from, to, marks,
      hours: [...this.#hours].sort(([a], [b]) => a - b).map(([at, events]) => ({ at, events: Object.fromEntries([...events].sort((a, b) => b[1] - a[1])) })),
      last: Object.fromEntries([...this.#last].sort((a, b) => b[1] - a[1])),
      gaps: this.#gaps(marks),
      repairs: [...this.repairs].sort((a, b) => a.startedAt - b.startedAt),
      logs: Object.fromEntries(this.#logs),
    };
  }

  /**
   * From the last sign of life before a close or a logout to the first after it; and every silence that is longer than the
   * setting allows, which may be a quiet night or a dead session: only a look could have told.
   */
  #gaps(marks: readonly Mark[]): Gap[] {
    const signs = [...this.#signs, ...marks.filter((mark) => mark.class === 'recovery').map(({ at }) => at)].sort((a, b) => a - b);
    const gaps = this.repairs.flatMap((repair): Gap[] => (repair.gap ? [{ from: repair.gap.from ?? repair.startedAt, to: repair.gap.to, why: `repair (${repair.rung}, ${repair.result})` }] : []));
    for (const mark of marks.filter((one) => one.class === 'disconnect' || one.class === 'logout')) {
      const from = signs.findLast((at) => at <= mark.at) ?? mark.at;
      const to = signs.find((at) => at > mark.at) ?? null;
      if (!gaps.some((gap) => gap.from <= mark.at && (gap.to === null || gap.to >= mark.at))) gaps.push({ from, to, why: `${mark.class} (${mark.pattern})` });
    }
    const { to: now, silentAfterMs } = this.#span;
    for (const [index, at] of signs.entries()) {
      const next = signs[index + 1] ?? now;
      if (next - at <= silentAfterMs || gaps.some((gap) => gap.from < next && (gap.to ?? now) > at)) continue;
      gaps.push({ from: at, to: next === now ? null : next, why: 'silence: quiet, or connected in name only' });
    }
    return gaps.sort((a, b) => a.from - b.from);
  }
}

export const hadMessages = ({ last }: Timeline): { event: string; at: number } | null => {
  const newest = Object.entries(last).find(([event]) => isMessage(event));
  return newest ? { event: newest[0], at: newest[1] } : null;
};

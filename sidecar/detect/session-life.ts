import { fromMs, toMs } from '../event-time.ts';
import type { KnownSessions } from '../fleet/fleet.ts';
import type { Nanos, Sign } from '../words.ts';
import { own } from './own.ts';
import type { Pattern, Phase } from './pattern.ts';

/** Kinds of event that are remembered; a gateway has about twenty. */
const MOST_KINDS = 100;
/** No such event was seen. */
const NEVER = 0;
/** Two processes with one login throw each other out within seconds to minutes. */
const CONTEST_LASTS: Nanos = 600_000_000_000n;
/** Spellings remembered between two refreshes of the lists. */
const MOST_SPELLINGS = 20_000;

/** What a session's lines tell of its life. */
export interface Life {
  /** Newest sign of life: an event that came through the session, or a finished start. */
  lastActivity: Nanos | null;
  /** Newest time per kind of event, such as `onmessage`. */
  activity: Record<string, Nanos>;
  /** Where its start stands; null when no line told. */
  phase: Phase | null;
  /** Event time of the line that began that phase. */
  phaseSince: Nanos | null;
  lastRecovery: Nanos | null;
  /** Since when it is logged out, or another process has its login; null again after a recovery, or quiet. */
  loggedOutSince: Nanos | null;
  /** When another process last took the login over. */
  contestedAt: Nanos | null;
}

/** Signs of life are kept to the millisecond. */
interface Traces {
  newest: number;
  /** By kind of event. */
  byKind: number[];
  phase: Phase | null;
  phaseSince: Nanos | null;
  lastRecovery: Nanos | null;
  loggedOutSince: Nanos | null;
  contestedAt: Nanos | null;
}

/** Signs of life and phases, per known session. */
export class SessionLife {
  readonly #sessions: KnownSessions;
  readonly #traces = new Map<string, Traces>();
  readonly #spellings = new Map<string, Traces | null>();
  readonly #kinds = new Map<string, number>();

  constructor(sessions: KnownSessions) {
    this.#sessions = sessions;
  }

  /** A sign of life under any spelling, at that time (ms); names nobody knows leave no trace. */
  sign({ spelled, event }: Sign, at: number): void {
    let traces = this.#spellings.get(spelled);
    if (traces === undefined) traces = this.#lookUp(spelled);
    if (traces === null) return;
    if (at > traces.newest) traces.newest = at;
    const kind = this.#kinds.get(event) ?? this.#newKind(event);
    if (kind === null) return;
    while (traces.byKind.length <= kind) traces.byKind.push(NEVER);
    if (at > traces.byKind[kind]!) traces.byKind[kind] = at;
  }

  #newKind(event: string): number | null {
    if (this.#kinds.size >= MOST_KINDS) return null;
    this.#kinds.set(own(event), this.#kinds.size);
    return this.#kinds.size - 1;
  }

  /** Spellings are looked up again: the lists of gateways and stores are refreshed now and then. */
  listsMayHaveChanged(): void {
    this.#spellings.clear();
  }

  happened(session: string, pattern: Pattern, at: Nanos): void {
    const traces = this.#of(session);
    // A late line from before the phase began changes nothing.
    if (pattern.phase !== null && at >= (traces.phaseSince ?? at)) {
      if (traces.phase !== pattern.phase || pattern.phase === 'starting') traces.phaseSince = at;
      traces.phase = pattern.phase;
    }
    if (pattern.class === 'recovery') {
      traces.lastRecovery = later(traces.lastRecovery, at);
      if (traces.loggedOutSince !== null && traces.loggedOutSince <= at) traces.loggedOutSince = null;
    }
    if (pattern.contested) traces.contestedAt = later(traces.contestedAt, at);
    if (pattern.class === 'logout' && (traces.lastRecovery ?? -1n) < at) traces.loggedOutSince ??= at;
  }

  /**
   * Stamps from a clock that ran ahead: what they prove is taken for no later than `now`, and no sign of life is
   * believed, since nothing that comes later could overtake it.
   */
  tidy(now: Nanos, latest: Nanos): void {
    const latestMs = toMs(latest);
    for (const traces of this.#traces.values()) {
      if (traces.newest > latestMs) {
        traces.byKind = traces.byKind.map((at) => (at > latestMs ? NEVER : at));
        traces.newest = Math.max(NEVER, ...traces.byKind);
      }
      for (const moment of ['phaseSince', 'lastRecovery', 'loggedOutSince', 'contestedAt'] as const) if ((traces[moment] ?? 0n) > latest) traces[moment] = now;
    }
  }

  phaseOf(session: string): Phase | null {
    return this.#traces.get(session)?.phase ?? null;
  }

  /** As of `now`. */
  of(session: string, now: Nanos): Life {
    const traces = this.#traces.get(session);
    if (!traces) return { lastActivity: null, activity: {}, phase: null, phaseSince: null, lastRecovery: null, loggedOutSince: null, contestedAt: null };
    const { newest, byKind, phase, phaseSince, lastRecovery, loggedOutSince, contestedAt } = traces;
    const seen = [...this.#kinds].filter(([, kind]) => (byKind[kind] ?? NEVER) !== NEVER);
    const activity = Object.fromEntries(seen.map(([event, kind]) => [event, fromMs(byKind[kind]!)]));
    // Each of the two connects again as soon as it was thrown out: only quiet shows that one has given up.
    const contested = contestedAt !== null && now - contestedAt < CONTEST_LASTS;
    return {
      lastActivity: newest === NEVER ? lastRecovery : later(lastRecovery, fromMs(newest)),
      activity, phase, phaseSince, lastRecovery, loggedOutSince: loggedOutSince ?? (contested ? contestedAt : null), contestedAt,
    };
  }

  #lookUp(spelled: string): Traces | null {
    const session = this.#sessions.resolve(spelled);
    const traces = session === null ? null : this.#of(session);
    if (this.#spellings.size >= MOST_SPELLINGS) this.#spellings.clear();
    this.#spellings.set(own(spelled), traces);
    return traces;
  }

  #of(session: string): Traces {
    let traces = this.#traces.get(session);
    if (!traces) {
      traces = { newest: NEVER, byKind: [], phase: null, phaseSince: null, lastRecovery: null, loggedOutSince: null, contestedAt: null };
      this.#traces.set(session, traces);
    }
    return traces;
  }
}

const later = (a: Nanos | null, b: Nanos): Nanos => (a !== null && a > b ? a : b);

import { fromMs, toMs } from '../event-time.ts';
import type { KnownSessions } from '../fleet/fleet.ts';
import type { Nanos } from '../words.ts';
import { own } from './own.ts';
import type { Pattern, Phase } from './pattern.ts';

/** Kinds of event remembered per session; a gateway has about twenty. */
const MOST_EVENTS = 60;
/** Kinds of event whose name is kept once for all sessions. */
const MOST_KINDS = 1_000;
/** Spellings remembered between two refreshes of the lists. */
const MOST_SPELLINGS = 2_000;

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
  /** Since when it is logged out; null again after a recovery. */
  loggedOutSince: Nanos | null;
  /** When another process last took the login over. */
  contestedAt: Nanos | null;
}

/** Signs of life are kept to the millisecond. */
interface Traces {
  newest: number;
  /** Held in an object each, so that a busy log makes no new number for every line. */
  byEvent: Map<string, { at: number }>;
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
  readonly #kinds = new Map<string, string>();
  /** The minute of the last sign, as its line spelled it, and when it began. */
  #minute = '-';
  #minuteBegan = 0;

  constructor(sessions: KnownSessions) {
    this.#sessions = sessions;
  }

  /** A sign of life under any spelling; names nobody knows leave no trace. */
  sign(spelled: string, event: string, ts: string): void {
    let traces = this.#spellings.get(spelled);
    if (traces === undefined) traces = this.#lookUp(spelled);
    if (traces === null) return;
    const at = this.#ms(ts);
    if (at > traces.newest) traces.newest = at;
    const before = traces.byEvent.get(event);
    if (before !== undefined) before.at = Math.max(before.at, at);
    else if (traces.byEvent.size < MOST_EVENTS) traces.byEvent.set(this.#kind(event), { at });
  }

  /** One text for all sessions. */
  #kind(event: string): string {
    const known = this.#kinds.get(event);
    if (known !== undefined) return known;
    const kind = own(event);
    if (this.#kinds.size < MOST_KINDS) this.#kinds.set(kind, kind);
    return kind;
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
        for (const [event, { at }] of traces.byEvent) if (at > latestMs) traces.byEvent.delete(event);
        traces.newest = Math.max(0, ...[...traces.byEvent.values()].map(({ at }) => at));
      }
      for (const moment of ['phaseSince', 'lastRecovery', 'loggedOutSince', 'contestedAt'] as const) if ((traces[moment] ?? 0n) > latest) traces[moment] = now;
    }
  }

  phaseOf(session: string): Phase | null {
    return this.#traces.get(session)?.phase ?? null;
  }

  of(session: string): Life {
    const traces = this.#traces.get(session);
    if (!traces) return { lastActivity: null, activity: {}, phase: null, phaseSince: null, lastRecovery: null, loggedOutSince: null, contestedAt: null };
    const { newest, byEvent, phase, phaseSince, lastRecovery, loggedOutSince, contestedAt } = traces;
    const activity = Object.fromEntries([...byEvent].map(([event, { at }]) => [event, fromMs(at)]));
    return { lastActivity: newest === 0 ? lastRecovery : later(lastRecovery, fromMs(newest)), activity, phase, phaseSince, lastRecovery, loggedOutSince, contestedAt };
  }

  #lookUp(spelled: string): Traces | null {
    const session = this.#sessions.resolve(spelled);
    const traces = session === null ? null : this.#of(session);
    if (this.#spellings.size >= MOST_SPELLINGS) this.#spellings.clear();
    this.#spellings.set(own(spelled), traces);
    return traces;
  }

  /** Milliseconds of an event time. Most lines of a busy log share their minute, so only its first one is parsed. */
  #ms(ts: string): number {
    if (!ts.startsWith(this.#minute)) {
      this.#minuteBegan = Date.parse(`${ts.slice(0, 16)}:00Z`);
      this.#minute = own(ts.slice(0, 17));
    }
    return this.#minuteBegan + 10_000 * digit(ts, 17) + 1_000 * digit(ts, 18) + 100 * digit(ts, 20) + 10 * digit(ts, 21) + digit(ts, 22);
  }

  #of(session: string): Traces {
    let traces = this.#traces.get(session);
    if (!traces) {
      traces = { newest: 0, byEvent: new Map(), phase: null, phaseSince: null, lastRecovery: null, loggedOutSince: null, contestedAt: null };
      this.#traces.set(session, traces);
    }
    return traces;
  }
}

const digit = (ts: string, at: number): number => ts.charCodeAt(at) - 48;

const later = (a: Nanos | null, b: Nanos): Nanos => (a !== null && a > b ? a : b);

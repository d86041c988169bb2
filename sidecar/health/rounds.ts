import type { ProbeResult } from '../words.ts';
import { GatewayTroubles } from './gateway-troubles.ts';
import type { HealthMemory } from './memory.ts';
import { learn, patience } from './quiet.ts';
import { dueAt, SILENT_EVERY_MS } from './schedule.ts';
import { closedBy, nextRun, verdictOf, type ClosingEvidence, type Run, type Verdict } from './verdict.ts';

/** What the lines of a session tell. Clock ms; null: nothing. */
export interface Seen {
  lastActivity: number | null;
  lastMessage: number | null;
  lastRecovery: number | null;
  /** Since when its log says that it is starting; null when it does not. */
  startingSince: number | null;
  /** Its log says it was unlinked, banned or replaced, and nothing since says it connected. */
  loggedOut: boolean;
}

/** What follows from the looks, told to the one who decides. */
export interface Findings {
  /** Opens an incident. */
  sick(session: string, pattern: string, saw: string, found: string): void;
  /** It works; `before` is what had been found. */
  well(session: string, saw: string): void;
  /** A QR is due; `saw` is how that was seen. */
  needsScan(session: string, saw: string): void;
  tell(level: 'info' | 'warn', message: string, session?: string): void;
}

export interface RoundsParts {
  now(): number;
  /** Null: no rounds; only what is silent for too long is looked at. */
  everyMs: number | null;
  silentAfterMs: number;
  /** A fresh start is left alone that long: asking one right away has unpaired it (wppconnect-server issue 1170). */
  leaveAloneMs: number;
  sessions(): readonly string[];
  /** Asks the gateway of a session. Never rejects, and never makes anything happen. */
  ask(session: string, signal: AbortSignal): Promise<ProbeResult>;
  /** The gateway that `ask` asks, in words; null: nobody. */
  gatewayOf(session: string): string | null;
  /** The list of that gateway has failed, and that was told. */
  knownTrouble(gateway: string): boolean;
  /** It may be looked at now: its container runs, and nobody is repairing it. */
  mayLook(session: string): boolean;
  seen(session: string): Seen;
  /** An incident of it is open: whoever keeps it looks again by himself. */
  hasIncident(session: string): boolean;
  closing(session: string): Omit<ClosingEvidence, 'connectedAt'> & { fixedAt: number | null };
  looked(session: string, probe: ProbeResult, at: number): void;
  memory: HealthMemory;
  findings: Findings;
}

/** Each look may wait ten seconds for a dead page; two at a time leave a gateway of a few hundred sessions its breath. */
const LOOKS_AT_ONCE = 2;
/** Signs of life are compared this often: a quiet of half an hour is the shortest that counts. */
const SAMPLE_MS = 60_000;
/** A session that may not be looked at now is asked about again so soon. */
const NOT_NOW_MS = 15_000;
/** What was found and led to nothing (a dry run, a ladder at its end) is found again so often, not every round. */
const FIND_AGAIN_MS = 3_600_000;

interface Kept {
  nextAt: number;
  run: Run | null;
  /** What was found last, and when; null since it worked. */
  found: { verdict: string; at: number } | null;
  lastActivity: number | null;
  silenceTold: boolean;
}

/**
 * Looks at every session now and then, a few at a time and never all at once, and tells what it finds. Silence only
 * brings a look forward; what a look shows decides.
 */
export class HealthRounds {
  readonly #parts: RoundsParts;
  readonly #kept = new Map<string, Kept>();
  readonly #looking = new Map<string, Promise<void>>();
  readonly #troubles: GatewayTroubles;
  readonly #stopped = new AbortController();
  #sampledAt = Number.NEGATIVE_INFINITY;

  constructor(parts: RoundsParts) {
    this.#parts = parts;
    this.#troubles = new GatewayTroubles(parts.findings.tell, (gateway) => parts.knownTrouble(gateway));
  }

  /** Starts the looks that are due. Call about once a second. */
  tick(): void {
    const now = this.#parts.now();
    const sessions = this.#parts.sessions();
    if (Math.abs(now - this.#sampledAt) >= SAMPLE_MS) {
      this.#sampledAt = now;
      for (const session of sessions) this.#sample(session, now);
    }
    const due = sessions.filter((session) => this.#isDue(this.#of(session, now).nextAt, now) && !this.#looking.has(session));
    // All of them are kept by now; as many as that are these.
    if (this.#kept.size > sessions.length) this.#forgetAllBut(sessions);
    due.sort((a, b) => this.#of(a, now).nextAt - this.#of(b, now).nextAt);
    for (const session of due.slice(0, Math.max(0, LOOKS_AT_ONCE - this.#looking.size))) this.#visit(session, now);
  }

  /** Further ahead than a round is only what was fixed before the clock was set back. */
  #isDue(nextAt: number, now: number): boolean {
    return nextAt <= now || nextAt > now + (this.#parts.everyMs ?? SILENT_EVERY_MS);
  }

  /** Takes no more looks, and what is under way leads to nothing. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.idle();
  }

  /** Resolves when no look is under way. */
  async idle(): Promise<void> {
    while (this.#looking.size > 0) await Promise.all(this.#looking.values());
  }

  #visit(session: string, now: number): void {
    const kept = this.#of(session, now);
    const { everyMs, seen, mayLook, leaveAloneMs } = this.#parts;
    const { startingSince, lastMessage } = seen(session);
    const fresh = startingSince !== null && now - startingSince < leaveAloneMs;
    if (!mayLook(session) || fresh) {
      kept.run = null;
      kept.nextAt = now + Math.min(NOT_NOW_MS, everyMs ?? NOT_NOW_MS);
      return;
    }
    kept.nextAt = now + (everyMs ?? SILENT_EVERY_MS);
    if (everyMs === null && !this.#isSilent(session, now)) return;
    if (lastMessage !== null && everyMs !== null && now - lastMessage < everyMs) return this.#answered(session, { probe: 'healthy', saw: 'a message went through a short while ago' });
    const look = this.#parts.ask(session, this.#stopped.signal).then((probe) => this.#answered(session, probe)).finally(() => this.#looking.delete(session));
    this.#looking.set(session, look);
  }

  #answered(session: string, probe: ProbeResult): void {
    if (this.#stopped.signal.aborted) return;
    const now = this.#parts.now();
    const { looked, gatewayOf, mayLook, memory, findings } = this.#parts;
    looked(session, probe, now);
    this.#troubles.heard(gatewayOf(session) ?? 'no gateway', session, probe);
    // A repair may have begun while the gateway was thinking: what it said then is no news.
    if (probe.couldNotLook || !mayLook(session)) return;
    const kept = this.#of(session, now);
    const silent = this.#isSilent(session, now);
    kept.run = nextRun(kept.run, probe);
    if (probe.probe === 'healthy') {
      memory.keep(session, { ...memory.of(session), connectedAt: now });
      if (kept.found) findings.well(session, probe.saw);
      kept.found = null;
      this.#tellSilence(session, kept, silent, probe.saw, now);
      return;
    }
    const evidence = this.#closing(session);
    const everConnected = evidence.connectedAt !== null;
    const verdict = verdictOf(kept.run, { everConnected, silent, closedBy: closedBy(evidence), loggedOut: this.#parts.seen(session).loggedOut });
    if (verdict) this.#find(session, kept, verdict, probe.saw, now);
  }

  #find(session: string, kept: Kept, verdict: Verdict, saw: string, now: number): void {
    const { findings, hasIncident } = this.#parts;
    const [what] = Object.keys(verdict);
    const key = 'sick' in verdict ? verdict.sick : what!;
    const isNews = kept.found?.verdict !== key || ('sick' in verdict && now - kept.found.at >= FIND_AGAIN_MS);
    if (!isNews || ('sick' in verdict && hasIncident(session))) return;
    kept.found = { verdict: key, at: now };
    if ('sick' in verdict) findings.sick(session, verdict.sick, saw, verdict.found);
    else if ('scan' in verdict) findings.needsScan(session, verdict.scan);
    else findings.tell('info', verdict.left, session);
  }

  /** When it was last seen connected: by a look, by its log, by a message, by a repair that held. */
  #closing(session: string): ClosingEvidence {
    const { fixedAt, ...closing } = this.#parts.closing(session);
    const { lastRecovery, lastMessage } = this.#parts.seen(session);
    const times = [this.#parts.memory.of(session).connectedAt, lastRecovery, lastMessage, fixedAt].filter((at) => at !== null);
    return { ...closing, connectedAt: times.length > 0 ? Math.max(...times) : null };
  }

  #sample(session: string, now: number): void {
    const kept = this.#of(session, now);
    const { lastActivity, lastRecovery } = this.#parts.seen(session);
    const before = kept.lastActivity;
    kept.lastActivity = lastActivity;
    if (before === null || lastActivity === null || lastActivity <= before) return;
    kept.silenceTold = false;
    const { memory } = this.#parts;
    const known = memory.of(session);
    const quiets = learn(known.quiets, before, lastActivity, lastRecovery !== null && lastRecovery > before);
    if (quiets !== known.quiets) memory.keep(session, { ...known, quiets });
  }

  #isSilent(session: string, now: number): boolean {
    const { lastActivity } = this.#parts.seen(session);
    return lastActivity !== null && now - lastActivity > this.#patience(session, now);
  }

  #patience(session: string, now: number): number {
    return patience(this.#parts.memory.of(session).quiets, this.#parts.silentAfterMs, now);
  }

  #tellSilence(session: string, kept: Kept, silent: boolean, saw: string, now: number): void {
    if (!silent || kept.silenceTold) return;
    kept.silenceTold = true;
    this.#parts.findings.tell('info', `no sign of life for more than ${inWords(this.#patience(session, now))}; a look found it healthy (${saw}), so nothing is done`, session);
  }

  #forgetAllBut(sessions: readonly string[]): void {
    const known = new Set(sessions);
    for (const session of this.#kept.keys()) if (!known.has(session)) this.#kept.delete(session);
  }

  #of(session: string, now: number): Kept {
    const known = this.#kept.get(session);
    if (known) return known;
    const made: Kept = { nextAt: dueAt(session, now, this.#parts.everyMs), run: null, found: null, lastActivity: this.#parts.seen(session).lastActivity, silenceTold: false };
    this.#kept.set(session, made);
    return made;
  }
}

const inWords = (ms: number): string => (ms < 60_000 ? `${Math.round(ms / 1000)} s` : ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 360_000) / 10} h`);

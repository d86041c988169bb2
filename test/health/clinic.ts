import { VirtualClock } from '../../sidecar/clock.ts';
import type { HealthMemory, Remembered } from '../../sidecar/health/memory.ts';
import { HealthRounds, type RoundsParts, type Seen } from '../../sidecar/health/rounds.ts';
import type { ClosingEvidence } from '../../sidecar/health/verdict.ts';
import type { ProbeResult } from '../../sidecar/words.ts';

/** A Monday, midnight. */
export const MONDAY = Date.parse('2026-03-02T00:00:00Z');
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** What a session is like, as the rounds would find it. */
export class Patient {
  probe: ProbeResult = { probe: 'healthy', saw: 'status CONNECTED, check-connection answered' };
  seen: Seen = { lastActivity: null, lastMessage: null, lastRecovery: null, startingSince: null, loggedOut: false };
  closing: Omit<ClosingEvidence, 'connectedAt'> & { fixedAt: number | null } = {
    failedRepairAt: null, fixedAt: null, containerStartedAt: null, closedAt: null, troubleAt: null, closesOnlyWhenAsked: true,
  };
  mayLook = true;
  asked: number[] = [];
}

/** Health rounds over made-up sessions on a virtual clock. */
export class Clinic {
  readonly clock = new VirtualClock(MONDAY);
  readonly patients = new Map<string, Patient>();
  /** `sick s1 health-zombie`, `well s1`, `scan s1`, and what was told. */
  readonly found: string[] = [];
  readonly told: string[] = [];
  readonly incidents = new Set<string>();
  listFails = false;
  /** Most looks under way at the same time. */
  mostAtOnce = 0;
  readonly memory = new Map<string, Remembered>();
  #atOnce = 0;
  #rounds: HealthRounds;
  readonly #over: Partial<RoundsParts>;

  constructor(sessions: readonly string[], over: Partial<RoundsParts> = {}) {
    for (const name of sessions) this.patients.set(name, new Patient());
    this.#over = over;
    this.#rounds = this.#build();
  }

  of(session: string): Patient {
    return this.patients.get(session)!;
  }

  /** The sidecar is started anew: only what is stored is remembered. */
  restart(): void {
    this.#rounds = this.#build();
  }

  /** Lets that much time pass, a tick every `stepMs`; `meanwhile` happens before each. */
  async pass(ms: number, meanwhile: (now: number) => void = () => undefined, stepMs = 10_000): Promise<void> {
    const until = this.clock.now() + ms;
    while (this.clock.now() < until) {
      await this.clock.moveTo(this.clock.now() + stepMs);
      meanwhile(this.clock.now());
      this.#rounds.tick();
      await this.#rounds.idle();
    }
  }

  /** As `pass`, while looks that hang are left hanging. */
  async passWithoutWaiting(ms: number, stepMs = 10_000): Promise<void> {
    const until = this.clock.now() + ms;
    while (this.clock.now() < until) {
      await this.clock.moveTo(this.clock.now() + stepMs);
      this.#rounds.tick();
    }
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  #build(): HealthRounds {
    const memory: HealthMemory = {
      of: (session) => this.memory.get(session) ?? { connectedAt: null, quiets: [] },
      keep: (session, remembered) => void this.memory.set(session, remembered),
    };
    return new HealthRounds({
      now: () => this.clock.now(), everyMs: 2 * MINUTE, silentAfterMs: 4 * HOUR, leaveAloneMs: MINUTE,
      sessions: () => [...this.patients.keys()],
      ask: (session) => this.#ask(this.of(session)),
      gatewayOf: () => 'wppconnect',
      knownTrouble: () => this.listFails,
      mayLook: (session) => this.of(session).mayLook,
      seen: (session) => this.of(session).seen,
      hasIncident: (session) => this.incidents.has(session),
      closing: (session) => this.of(session).closing,
      looked: () => undefined,
      memory,
      findings: {
        sick: (session, pattern) => void this.found.push(`sick ${session} ${pattern}`),
        well: (session) => void this.found.push(`well ${session}`),
        needsScan: (session) => void this.found.push(`scan ${session}`),
        tell: (level, message, session) => void this.told.push(`${level} ${session ?? '-'}: ${message}`),
      },
      ...this.#over,
    });
  }

  async #ask(patient: Patient): Promise<ProbeResult> {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
    patient.asked.push(this.clock.now());
    await new Promise((resolve) => setImmediate(resolve));
    this.#atOnce--;
    return patient.probe;
  }
}

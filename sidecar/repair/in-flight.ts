import type { Clock } from '../clock.ts';
import { LOOK_AGAIN_MS, type Locks, type SessionLock, type Taken } from '../state/lock.ts';
import { Halt, LockLost, sayWhy } from './faults.ts';
import { lean } from './lean.ts';

/** What work on a session listens to while it holds that session's lock. */
export interface Hold {
  /** Aborted when the sidecar stops; steps that leave a session half done do not listen to it. */
  readonly signal: AbortSignal;
  /** Aborted well after `signal`: a close under way is waited for that long, or the start after it would be lost on a session that still runs. */
  readonly patience: AbortSignal;
  /** Throws LockLost when another process has the session's lock. */
  readonly mayGoOn: () => void;
}

/** Of the grace time so much may go by with waiting for a close; the rest is for the start. */
const PATIENCE = 0.4;
/** A look at the lock is a commit. Others take it over after 15 s at the earliest; whoever was stopped for that long looks before it goes on. */
const LOOK_EVERY_MS = 1_000;

/** The sessions that this process works on, each under its lock. */
export class InFlight {
  readonly #locks: Locks;
  readonly #clock: Clock;
  readonly #owner: string;
  readonly #running = new Map<string, { stop: AbortController; hurry: AbortController; done: Promise<unknown> }>();

  #stopping = false;

  constructor(locks: Locks, clock: Clock, owner: string) {
    this.#locks = locks;
    this.#clock = clock;
    this.#owner = owner;
  }

  sessions(): string[] {
    return [...this.#running.keys()];
  }

  has(session: string): boolean {
    return this.#running.has(session);
  }

  /** Runs `body` under the session's lock; null when another process holds it, and when everything comes to its end. */
  async hold<T>(session: string, body: (hold: Hold) => Promise<T>): Promise<T | null> {
    let taken = this.#take(session);
    if ('heldBy' in taken && taken.mayBeGone) {
      await this.#clock.sleep(LOOK_AGAIN_MS);
      taken = this.#take(session);
    }
    if ('heldBy' in taken) return null;
    if (this.#stopping) {
      taken.lock.release();
      return null;
    }
    const [stop, hurry] = [new AbortController(), new AbortController()];
    const mayGoOn = this.#watch(taken.lock, session);
    const done = lean(() => body({ signal: stop.signal, patience: hurry.signal, mayGoOn }));
    this.#running.set(session, { stop, hurry, done });
    try {
      return await done;
    } finally {
      this.#running.delete(session);
      taken.lock.release();
    }
  }

  #take(session: string): Taken {
    try {
      return this.#locks.take(session, this.#owner);
    } catch (cause) {
      throw new Error(`the lock of ${session} cannot be taken, because the state database cannot be written (${sayWhy(cause)}), so nothing is done to it; check the volume of AUTO_FIX_STATE_DIR`, { cause });
    }
  }

  /** Tells all work to come to its end. Resolves when it has, or after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const open = [...this.#running.values()];
    const reason = new Halt('rolled-back', 'the sidecar is stopping');
    for (const { stop } of open) stop.abort(reason);
    if (open.length === 0) return;
    const over = new AbortController();
    const after = (ms: number) => this.#clock.sleep(ms, over.signal).catch(() => undefined);
    void after(graceMs * PATIENCE).then(() => open.forEach(({ hurry }) => hurry.abort(reason)));
    await Promise.race([Promise.allSettled(open.map(({ done }) => done)), after(graceMs)]);
    over.abort();
  }

  #watch(lock: SessionLock, session: string): () => void {
    // By both: one stands still while the machine sleeps, the other is set by hand.
    const time = () => [performance.now(), this.#clock.now()] as const;
    let looked: readonly [number, number] | null = null;
    return () => {
      const now = time();
      if (looked && Math.abs(now[0] - looked[0]) < LOOK_EVERY_MS && Math.abs(now[1] - looked[1]) < LOOK_EVERY_MS) return;
      if (!lock.stillMine()) throw new LockLost(session);
      looked = now;
    };
  }
}

import type { Clock } from '../clock.ts';
import type { Locks, SessionLock, Taken } from '../state/lock.ts';
import { Halt, sayWhy } from './faults.ts';
import { lean } from './lean.ts';

/** What work on a session listens to while it holds that session's lock. */
export interface Hold {
  /** Aborted when the sidecar stops; steps that leave a session half done do not listen to it. */
  readonly signal: AbortSignal;
  /** Aborted well after `signal`: a close under way is waited for that long, or the start after it would be lost on a session that still runs. */
  readonly patience: AbortSignal;
  /** Throws when the session's lock was lost. */
  readonly mayGoOn: () => void;
}

/** Of the grace time so much may go by with waiting for a close; the rest is for the start. */
const PATIENCE = 0.4;
/** Files between two looks at the lock's heartbeat: often against a take-over, rarely against 20,000 commits. */
const LOCK_EVERY = 500;

/** The sessions that this process works on, each under its lock. */
export class InFlight {
  readonly #locks: Locks;
  readonly #clock: Clock;
  readonly #owner: string;
  readonly #running = new Map<string, { stop: AbortController; hurry: AbortController; done: Promise<unknown> }>();

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

  /** Runs `body` under the session's lock; null when another process holds it. */
  async hold<T>(session: string, body: (hold: Hold) => Promise<T>): Promise<T | null> {
    const taken = this.#take(session);
    if ('heldBy' in taken) return null;
    const [stop, hurry] = [new AbortController(), new AbortController()];
    const done = lean(() => body({ signal: stop.signal, patience: hurry.signal, mayGoOn: watch(taken.lock, session) }));
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
}

function watch(lock: SessionLock, session: string): () => void {
  let calls = 0;
  return () => {
    if (calls++ % LOCK_EVERY !== 0 || lock.stillMine()) return;
    throw new Halt('failed', `another process took over the lock of ${session}; nothing more is changed from here`);
  };
}

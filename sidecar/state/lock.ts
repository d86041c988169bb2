import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../clock.ts';

export const LOCK_SCHEMA = `
CREATE TABLE IF NOT EXISTS session_locks (
  session TEXT PRIMARY KEY,
  token TEXT NOT NULL,
  owner TEXT NOT NULL,
  pid INTEGER NOT NULL,
  born TEXT NOT NULL,
  host TEXT NOT NULL,
  taken_at INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL
) STRICT;`;
export { LOCK_SCHEMA as SCHEMA };

/** A holder says it is alive this often. */
const HEARTBEAT_MS = 2_000;
/** A holder in another container cannot be asked for its pid: it may be gone after several missed heartbeats. */
const STALE_AFTER_MS = 15_000;
/** And is gone when its heartbeat also stood still for so long while it was looked at: clocks are set, and machines sleep. */
const STANDS_STILL_MS = 2.5 * HEARTBEAT_MS;
/** When to look again at a lock that may be left over. */
export const LOOK_AGAIN_MS = STANDS_STILL_MS + 100;

export interface Holder {
  /** Who, in words: `sidecar`, `command line`. */
  owner: string;
  pid: number;
  host: string;
  takenAt: number;
}

export interface SessionLock {
  /** False when another process took it over: then nothing more may be changed. */
  stillMine(): boolean;
  release(): void;
}

/** `mayBeGone`: the holder misses its heartbeats; look again after LOOK_AGAIN_MS. */
export type Taken = { lock: SessionLock } | { heldBy: Holder; mayBeGone?: true };

/** What a process is on this machine, exact enough that a recycled pid is not taken for the old process. */
export interface Identity {
  pid: number;
  /** Start time of the process in the kernel's ticks. */
  born: string;
  /** Host name, boot and pid namespace: equal only where pids mean the same. */
  host: string;
}

interface Row {
  token: string;
  owner: string;
  pid: number;
  born: string;
  host: string;
  taken_at: number;
  heartbeat_at: number;
}

const holderOf = (row: Row): Holder => ({ owner: row.owner, pid: row.pid, host: row.host.split(' ')[0]!, takenAt: row.taken_at });

/** One lock per session for everything that changes it, sidecar and command line alike, in the state database. */
export class Locks {
  readonly #db: DatabaseSync;
  readonly #clock: Clock;
  readonly #self: Identity;
  #count = 0;
  /** Tokens of this process whose row could not be removed yet: they hold nothing. */
  readonly #givenUp = new Set<string>();

  readonly #seenAt = new Map<string, { beat: string; at: number }>();
  /** Milliseconds that no setting of the clock moves. */
  readonly #ticks: () => number;

  constructor(db: DatabaseSync, clock: Clock, self: Identity = whoAmI(), ticks: () => number = () => performance.now()) {
    this.#ticks = ticks;
    this.#db = db;
    this.#clock = clock;
    this.#self = self;
  }

  take(session: string, owner: string): Taken {
    const { pid, born, host } = this.#self;
    const token = `${host}/${pid}/${born}/${this.#clock.now()}/${++this.#count}`;
    for (;;) {
      const row = this.#row(session);
      if (row && !this.#isStale(row)) return { heldBy: holderOf(row) };
      if (row && this.#isOutOfSight(row) && !this.#stoodStill(session, row)) return { heldBy: holderOf(row), mayBeGone: true };
      // One statement decides who gets it: a row that is not there yet, or exactly the stale one that was seen.
      const now = this.#clock.now();
      const { changes } = row
        ? this.#db.prepare('UPDATE session_locks SET token = ?, owner = ?, pid = ?, born = ?, host = ?, taken_at = ?, heartbeat_at = ? WHERE session = ? AND token = ? AND heartbeat_at = ?')
          .run(token, owner, pid, born, host, now, now, session, row.token, row.heartbeat_at)
        : this.#db.prepare('INSERT OR IGNORE INTO session_locks VALUES (?, ?, ?, ?, ?, ?, ?, ?)').run(session, token, owner, pid, born, host, now, now);
      if (Number(changes) === 1) return { lock: this.#held(session, token) };
    }
  }

  /** Who works on that session now; null when nobody does, or only somebody who died over it. */
  holder(session: string): Holder | null {
    const row = this.#row(session);
    return row && !this.#isStale(row) ? holderOf(row) : null;
  }

  #row(session: string): Row | undefined {
    return this.#db.prepare('SELECT token, owner, pid, born, host, taken_at, heartbeat_at FROM session_locks WHERE session = ?').get(session) as Row | undefined;
  }

  #isStale(row: Row): boolean {
    if (this.#givenUp.has(row.token)) return true;
    return this.#isOutOfSight(row) ? Math.abs(this.#clock.now() - row.heartbeat_at) > STALE_AFTER_MS : bornOf(row.pid) !== row.born;
  }

  /** In another container, or of a user whose processes are hidden from this one. */
  #isOutOfSight(row: Row): boolean {
    if (this.#givenUp.has(row.token)) return false;
    return row.host !== this.#self.host || (bornOf(row.pid) === null && isHidden(row.pid));
  }

  #stoodStill(session: string, { token, heartbeat_at }: Row): boolean {
    const seen = this.#seenAt.get(session);
    const beat = `${token} ${heartbeat_at}`;
    if (seen?.beat === beat) return this.#ticks() - seen.at >= STANDS_STILL_MS;
    this.#seenAt.set(session, { beat, at: this.#ticks() });
    return false;
  }

  #held(session: string, token: string): SessionLock {
    const beat = () => Number(this.#db.prepare('UPDATE session_locks SET heartbeat_at = ? WHERE session = ? AND token = ?').run(this.#clock.now(), session, token).changes) === 1;
    const isMine = () => this.#row(session)?.token === token;
    let mine = true;
    // A database that is busy, or on a full disk, costs a beat and not the lock: to read whose it is needs no space.
    const look = () => {
      try {
        mine = mine && beat();
      } catch {
        mine = mine && isMine();
      }
      return mine;
    };
    const timer = setInterval(look, HEARTBEAT_MS);
    timer.unref();
    return {
      stillMine: look,
      release: () => {
        clearInterval(timer);
        mine = false;
        this.#remove(session, token);
      },
    };
  }

  /** Tried until it works: a row that cannot be removed (a full disk) must neither end the work nor lock the session for ever. */
  #remove(session: string, token: string): void {
    try {
      this.#db.prepare('DELETE FROM session_locks WHERE session = ? AND token = ?').run(session, token);
      this.#givenUp.delete(token);
    } catch {
      if (!this.#db.isOpen) return; // this process ends, and its locks with it
      this.#givenUp.add(token);
      setTimeout(() => this.#remove(session, token), HEARTBEAT_MS).unref();
    }
  }
}

export function whoAmI(): Identity {
  const read = (look: () => string) => {
    try {
      return look().trim();
    } catch {
      return '?';
    }
  };
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  return { pid: process.pid, born: bornOf(process.pid) ?? '?', host: `${hostname()} ${boot} ${read(() => readlinkSync('/proc/self/ns/pid'))}` };
}

/** Start time of a process in ticks since boot (proc(5), field 22 of stat); null when there is none, or it is a zombie. */
export function bornOf(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    return fields[0] === 'Z' ? null : fields[19]!;
  } catch {
    return null;
  }
}

/** It lives, and only its owner may see more of it. */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

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
/** A holder in another container cannot be asked for its pid: it counts as gone after several missed heartbeats. */
const STALE_AFTER_MS = 15_000;

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

export type Taken = { lock: SessionLock } | { heldBy: Holder };

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

  constructor(db: DatabaseSync, clock: Clock, self: Identity = whoAmI()) {
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
    if (row.host === this.#self.host) return bornOf(row.pid) !== row.born;
    return this.#clock.now() - row.heartbeat_at > STALE_AFTER_MS;
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

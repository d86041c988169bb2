/**
 * What a session's data is for.
 * - `disposable`: locks and caches; deleted without an archive, with a journalled list
 * - `keys`: corruptible key material that the gateway makes again; cleared by `repair` and `reset`
 * - `login`: what a QR scan is needed for when it is lost; cleared by `reset` only
 * - `kept`: configuration; backed up, never deleted
 */
export type Role = 'disposable' | 'keys' | 'login' | 'kept';

/** One file, link or folder of a session. `path` is relative to the store's root, bytes kept as latin1-safe UTF-8. */
export interface FileEntry {
  root: string;
  path: string;
  type: 'file' | 'symlink' | 'directory';
  role: Role;
  /** A backup takes the file only if its bytes are whole JSON: its writer is not atomic. */
  mustParse?: 'json';
}

/** One Redis key of a session, by its exact bytes. */
export interface KeyEntry {
  key: string;
  role: Role;
  /** Its life runs out by itself: that it vanishes does not mean that somebody writes. */
  expires?: true;
}

/** A lock that shows a process on the session's files; stale when that process is gone. */
export interface LiveLock {
  path: string;
  /** What the lock says of its holder, such as `<host name>-<pid>`. */
  target: string;
}

export interface Inventory {
  files: FileEntry[];
  keys: KeyEntry[];
}

/** Where one kind of session data lives. Names are the store's own spelling. */
export interface Store {
  readonly kind: 'chromium-profile' | 'baileys-files' | 'redis';
  /** False where one blob holds login and keys together (a Chromium profile): `repair` cannot spare the login there. */
  readonly tellsKeysFromLogin: boolean;
  /** The sessions this store holds, by its own spelling. */
  list(): Promise<string[]>;
  /** Everything of that session and nothing else. Throws a StoreError when it cannot be read whole. */
  inventory(name: string): Promise<Inventory>;
  /** Whether that place (a root without links, a path below it) belongs to the session; nothing is put back elsewhere. */
  owns?(name: string): Promise<(root: string, path: string) => boolean>;
  /** Locks of a process that works on the session's files, stale ones included. */
  locks?(name: string): Promise<LiveLock[]>;
  /** The exact `--user-data-dir` values by which that session's browser is known in its container. */
  browserDirs?(name: string): string[];
}

/** `message` is one sentence for the operator: what happened, what it means for the session, what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: 'unreadable' | 'unsafe' | 'unreachable' | 'changed' | 'no-space';
  constructor(code: StoreError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

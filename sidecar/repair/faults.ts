import { GatewayError } from '../gateways/gateway.ts';
import { StoreError } from '../stores/store.ts';
import type { OutcomeResult, RefusalCode } from '../words.ts';

/** Why a repair cannot go on, with the outcome that says so. `message` is for the operator. */
export class Halt extends Error {
  override readonly name = 'Halt';
  readonly result: Extract<OutcomeResult, 'failed' | 'refused' | 'rolled-back'>;
  readonly code: RefusalCode | undefined;
  constructor(result: Halt['result'], message: string, options?: { code?: RefusalCode; cause?: unknown }) {
    super(message, { cause: options?.cause });
    this.result = result;
    this.code = options?.code;
  }
}

/** The sidecar stops: the session's start was called, the proof is left to the next start of the sidecar. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** The session is another process' now, with the open repair: even a start from here could meet its deletions. */
export class LockLost extends Error {
  override readonly name = 'LockLost';
  constructor(session: string) {
    super(`another process took over the lock of ${session}, and with it this repair; nothing more is changed from here`);
  }
}

/** The way back is not at its end: the keys come back when Redis works again. The repair stays open; its session runs as it is. */
export class Owed extends Interrupted {}

/** Files are as they were before, keys are not: Redis cannot be used. */
export class KeysNotBack extends Error {
  override readonly name = 'KeysNotBack';
}

/** Faults of a gateway after which neither close nor start can work. */
const DEAF: ReadonlySet<string> = new Set(['unreachable', 'wrong-secret', 'html', 'proxy', 'unsupported']);

export const isDeaf = (error: unknown): boolean => error instanceof GatewayError && DEAF.has(error.fault);

export function changed(where: string, cause?: unknown): never {
  throw new StoreError('changed', `${where} changed or vanished meanwhile, so something still writes to this session; nothing more is deleted; close the session for good, then try again`, { cause });
}

/** A failure of the backup folder itself, in the operator's words. */
export function backupFault(where: string, cause: NodeJS.ErrnoException): never {
  if (cause instanceof StoreError || cause instanceof Halt || cause.name === 'AbortError') throw cause;
  if (cause.code === 'ENOSPC' || cause.code === 'EDQUOT') throw new StoreError('no-space', `no space for a backup in ${where}; nothing was deleted; free some space there or set AUTO_FIX_BACKUP_DIR`, { cause });
  if (cause.code === 'EACCES' || cause.code === 'EPERM' || cause.code === 'EROFS') throw new StoreError('unreadable', `the backup folder ${where} cannot be written (${cause.code}); nothing was deleted; ${cause.code === 'EROFS' ? 'take ":ro" from its mount' : "give the sidecar's user the right to write there"} or set AUTO_FIX_BACKUP_DIR`, { cause });
  throw new StoreError('unreadable', `the backup in ${where} could not be written (${cause.message}); nothing was deleted; check that volume`, { cause });
}

export const sayWhy = (error: unknown): string => (error instanceof Error ? error.message : String(error));

import { createHash } from 'node:crypto';

/** Without rounds, a session that stays silent is looked at this often. */
export const SILENT_EVERY_MS = 15 * 60_000;

/**
 * When a session is looked at first: somewhere inside the first round, by its name, so that looks spread over the
 * round and a restart of the sidecar changes nothing about that.
 */
export function dueAt(session: string, now: number, everyMs: number | null): number {
  const spread = createHash('sha256').update(session).digest().readUInt32BE(0) / 2 ** 32;
  return now + Math.floor(spread * (everyMs ?? SILENT_EVERY_MS));
}

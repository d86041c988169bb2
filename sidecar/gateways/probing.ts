import type { Probe, ProbeResult } from '../words.ts';
import { GatewayError } from './gateway.ts';

/** A gateway's status words, each as a whole and in lower case, with what they mean. */
export type StatusWords = ReadonlyMap<string, Probe>;

/** Compares whole words: `disconnected` must never pass for `connected`. */
export const meaningOf = (words: StatusWords, status: string): Probe => words.get(status.trim().toLowerCase()) ?? 'unknown';

/** Runs a look; a gateway that cannot be asked makes it `unknown` and marks it as no look at all. */
export async function looking(look: () => Promise<ProbeResult>): Promise<ProbeResult> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { probe: 'unknown', saw: error.message, couldNotLook: true };
  }
}

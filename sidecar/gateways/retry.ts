import pRetry from 'p-retry';
import { neverArrived } from './faults.ts';
import { GatewayError } from './gateway.ts';

/** How often and how soon a call is repeated; the delay doubles. */
export interface Retrying {
  retries: number;
  firstDelayMs: number;
}

/** A gateway that restarts refuses connections for a second or two; longer is for the next round. */
export const RETRYING: Retrying = { retries: 2, firstDelayMs: 500 };

const passing = (error: unknown): boolean =>
  error instanceof GatewayError && (error.fault === 'unreachable' || error.fault === 'proxy' && (error.status ?? 0) >= 500);

/**
 * For calls that change nothing (list, status, token). A deadline that ran out is not tried again: whoever asks a hanging gateway
 * twice waits twice.
 */
export function repeatFreely<T>(call: () => Promise<T>, how: Retrying, signal?: AbortSignal): Promise<T> {
  return repeat(call, how, passing, signal);
}

/** For calls that change something and may be made twice without harm: once more after a lost connection. */
export function repeatOnce<T>(call: () => Promise<T>, how: Retrying, signal?: AbortSignal): Promise<T> {
  return repeat(call, { ...how, retries: Math.min(1, how.retries) }, passing, signal);
}

/** For calls that must not be made twice: again only where the first surely did not arrive. */
export function repeatUnsent<T>(call: () => Promise<T>, how: Retrying, signal?: AbortSignal): Promise<T> {
  return repeat(call, how, neverArrived, signal);
}

/** The rule comes in only where the first call failed: most never do, and each look would pay for it. */
async function repeat<T>(call: () => Promise<T>, how: Retrying, when: (error: unknown) => boolean, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await call();
  } catch (failure) {
    return pRetry((attempt) => (attempt === 1 ? Promise.reject(failure) : call()), {
      retries: how.retries,
      minTimeout: how.firstDelayMs,
      shouldRetry: ({ error }) => when(error),
      signal,
    });
  }
}

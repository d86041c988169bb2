import type { ProbeResult } from '../words.ts';

export type GatewayKind = 'wppconnect' | 'gateway-wrapper' | 'whaticket';

/** A session as a gateway lists it. */
export interface ListedSession {
  /** The gateway's own spelling; its paths and calls take no other. */
  name: string;
  /** The gateway's own status word, where its list has one. */
  status?: string;
}

/** What a QR request gave. A QR is never logged. */
export type QrAnswer =
  | { kind: 'qr'; png: Buffer }
  | { kind: 'connected' }
  | { kind: 'not-started'; detail: string }
  | { kind: 'browser-cannot-start'; detail: string }
  | { kind: 'failed'; detail: string };

/** What each gateway can be asked. `restart` rungs need close and start; `reconnect` is optional. */
export type GatewayVerb = 'list' | 'status' | 'probe' | 'close' | 'start' | 'reconnect' | 'qr';

/**
 * A session API. Names are the gateway's own spelling. Every call has a deadline and rejects with a
 * GatewayError that says what happened, what it means and what to do; a verb not in `can` rejects too.
 */
export interface Gateway {
  readonly kind: GatewayKind;
  readonly can: ReadonlySet<GatewayVerb>;
  list(signal?: AbortSignal): Promise<ListedSession[]>;
  /** The gateway's own status word, unweighed. */
  status(name: string, signal?: AbortSignal): Promise<string>;
  /** Status and proof of life weighed together. `unknown` when the gateway itself does not answer. */
  probe(name: string, signal?: AbortSignal): Promise<ProbeResult>;
  /** Resolves when the session is closed or was closed already. */
  close(name: string, signal?: AbortSignal): Promise<void>;
  /** Resolves when the gateway has accepted the start; the session needs 3-60 s more. */
  start(name: string, signal?: AbortSignal): Promise<void>;
  reconnect(name: string, signal?: AbortSignal): Promise<void>;
  qr(name: string, signal?: AbortSignal): Promise<QrAnswer>;
}

export type GatewayFault =
  | 'unreachable' | 'timeout' | 'wrong-secret' | 'not-found' | 'html' | 'proxy' | 'server-error' | 'unexpected' | 'unsupported';

/** `message` is one sentence for the operator: what happened, what it means, what to do. Never holds a secret. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly fault: GatewayFault;
  readonly status: number | undefined;
  constructor(fault: GatewayFault, message: string, options?: { status?: number; cause?: unknown }) {
    super(message, { cause: options?.cause });
    this.fault = fault;
    this.status = options?.status;
  }
}

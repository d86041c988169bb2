import type { FastifyRequest } from 'fastify';
import type { Secret } from '../settings/secret.ts';

/** Why a request is not answered: HTTP status, code, and a sentence that says what to do. */
export interface Turned { status: number; error: string; message: string }

export interface Keys {
  /** AUTO_FIX_TOKEN. */
  token: Secret | null;
  /** The wrapper's X-Gateway-Secret. */
  wrapperSecret: Secret | null;
}

/** Who may come in by this door. `local`: the unix socket, which only its owner can open. */
export class Guard {
  readonly #keys: Keys;
  readonly #local: boolean;

  constructor(keys: Keys, local: boolean) {
    this.#keys = keys;
    this.#local = local;
  }

  /** For every request that changes something, and for the QR: whoever scans it owns the account. */
  token(request: FastifyRequest): Turned | null {
    const { token } = this.#keys;
    if (!token && this.#local) return null;
    if (!token) {
      return { status: 403, error: 'no-token', message: 'this is answered over the network only when AUTO_FIX_TOKEN is set; set it, or use the auto-fix command beside the sidecar' };
    }
    const [, given] = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? [];
    if (given === undefined) return { status: 401, error: 'token-missing', message: 'send a header "Authorization" with the word Bearer, a space and the value of AUTO_FIX_TOKEN' };
    return token.equals(given) ? null : { status: 401, error: 'token-wrong', message: 'the token is not the one in AUTO_FIX_TOKEN' };
  }

  /** For the channel list in the wrapper's place: the same header with the same secret. */
  wrapperSecret(request: FastifyRequest): Turned | null {
    const { wrapperSecret } = this.#keys;
    if (!wrapperSecret && this.#local) return null;
    if (!wrapperSecret) return { status: 403, error: 'no-secret', message: 'this is answered over the network only when WPP_GATEWAY_SECRET is set' };
    const given = request.headers['x-gateway-secret'];
    if (typeof given !== 'string' || given === '') return { status: 401, error: 'secret-missing', message: 'Missing X-Gateway-Secret header' };
    return wrapperSecret.equals(given) ? null : { status: 401, error: 'secret-wrong', message: 'Invalid X-Gateway-Secret header' };
  }
}

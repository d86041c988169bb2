import type { Clock } from '../clock.ts';
import type { ProbeResult } from '../words.ts';
import { ofShape, ofVerb } from './faults.ts';
import { GatewayError, type Gateway, type GatewayVerb, type ListedSession, type QrAnswer } from './gateway.ts';
import { fieldOf, GatewayHttp, type Answer } from './http.ts';
import { urlPart } from './names.ts';
import { qrPicture } from './qr-picture.ts';
import { looking, meaningOf, type StatusWords } from './probing.ts';
import { repeatFreely, repeatUnsent, RETRYING, type Retrying } from './retry.ts';
import { ROUTE_SETS, type Route, type RouteSet, type RouteSetName } from './whaticket-routes.ts';

const NAME = 'the backend';

export interface WhaticketTimings {
  answerMs: number;
  /** After a disconnect the listed status follows with the connection's own event. */
  closedWithinMs: number;
  lookEveryMs: number;
}

const TIMINGS: WhaticketTimings = { answerMs: 20_000, closedWithinMs: 15_000, lookEveryMs: 500 };

export interface WhaticketOptions {
  url: string;
  /** A JWT of an administrator. */
  token: string;
  routes?: RouteSetName;
  clock: Clock;
  timings?: Partial<WhaticketTimings>;
  retrying?: Retrying;
}

/** Written by the connection's own open and close events, unlike the flags of the browser gateways. */
const STATUS: StatusWords = new Map([
  ['opened', 'healthy'], ['connected', 'healthy'], ['opening', 'starting'], ['pairing', 'starting'], ['qrcode', 'qr'],
  ['disconnected', 'closed'], ['closed', 'closed'], ['timeout', 'closed'], ['pending', 'closed'],
]);

/** A Whaticket-style backend; its sessions are numbers. What it can be asked depends on its routes. */
export class WhaticketGateway implements Gateway {
  readonly kind = 'whaticket';
  readonly can: ReadonlySet<GatewayVerb>;
  readonly #routes: RouteSet;
  readonly #http: GatewayHttp;
  readonly #headers: Record<string, string>;
  readonly #clock: Clock;
  readonly #timings: WhaticketTimings;
  readonly #retrying: Retrying;
  /** Sessions whose disconnect the backend accepted: their start is sent whatever the list still says. */
  readonly #disconnected = new Set<string>();

  constructor(options: WhaticketOptions) {
    this.#routes = ROUTE_SETS[options.routes ?? 'script'];
    this.can = new Set<GatewayVerb>(['list', 'status', 'probe', 'start', 'reconnect', 'qr', ...(this.#routes.close ? ['close' as const] : [])]);
    this.#http = new GatewayHttp({
      name: NAME, url: options.url, urlSetting: 'BACKEND_URL', secretSetting: 'BACKEND_TOKEN',
      secretAdvice: 'a new token of an administrator (they expire)', secrets: [options.token],
    });
    this.#headers = { authorization: `Bearer ${options.token}` };
    this.#clock = options.clock;
    this.#timings = { ...TIMINGS, ...options.timings };
    this.#retrying = options.retrying ?? RETRYING;
  }

  async list(signal?: AbortSignal): Promise<ListedSession[]> {
    return (await this.#rows(signal)).flatMap(listed);
  }

  async #rows(signal?: AbortSignal): Promise<unknown[]> {
    const route = this.#routes.list;
    const answer = await repeatFreely(() => this.#ask(route, null, signal), this.#retrying, signal);
    const rows = Array.isArray(answer.json) ? answer.json : fieldOf(answer.json, 'whatsapps');
    if (!Array.isArray(rows)) throw ofShape(this.#http.asked, `${route.method} ${route.path}`, 'a list of sessions');
    return rows;
  }

  /** From the list: not every backend answers for one session alone. */
  async status(name: string, signal?: AbortSignal): Promise<string> {
    const found = (await this.list(signal)).find((session) => session.name === name);
    if (!found) throw new GatewayError('not-found', `${NAME} lists no session ${name}: it was deleted, or the token in BACKEND_TOKEN is of another company or of no administrator; compare with its list of connections`);
    return found.status ?? '';
  }

  probe(name: string, signal?: AbortSignal): Promise<ProbeResult> {
    return looking(async () => {
      const status = await this.status(name, signal);
      const probe = meaningOf(STATUS, status);
      if (probe === 'healthy') await this.#expectHealth(signal);
      return { probe, saw: `status ${status || '(none)'}` };
    });
  }

  /** Sent to a session listed as closed too: its process may be about to connect again, and would write its keys back. */
  async close(name: string, signal?: AbortSignal): Promise<void> {
    const route = this.#routes.close;
    if (!route) throw ofVerb(NAME, 'close a session', 'with these routes closing unlinks the phone; stop the container before the session\'s data is touched');
    try {
      await repeatUnsent(() => this.#ask(route, name, signal), this.#retrying, signal);
    } catch (error) {
      if (await this.#refusedAsClosed(name, error, signal)) return;
      throw error;
    }
    this.#disconnected.add(name);
    await this.#untilClosed(name, signal);
  }

  /**
   * Does nothing on a session that is connected: a second connection with one login throws the first out (440), and they take turns for ever.
   * Repeated only where it surely did not arrive, for the same reason.
   */
  async start(name: string, signal?: AbortSignal): Promise<void> {
    await this.#startBy(this.#routes.start, name, signal);
  }

  async reconnect(name: string, signal?: AbortSignal): Promise<void> {
    await this.#startBy(this.#routes.reconnect ?? this.#routes.start, name, signal);
  }

  /** Its list holds what stands in the QR code, no picture. Looking changes nothing. */
  async qr(name: string, signal?: AbortSignal): Promise<QrAnswer> {
    const row = (await this.#rows(signal)).find((one) => listed(one)[0]?.name === name);
    const [status, inside] = [listed(row)[0]?.status ?? '', fieldOf(row, 'qrcode')];
    const probe = meaningOf(STATUS, status);
    if (probe === 'healthy') return { kind: 'connected' };
    if (probe === 'qr' && typeof inside === 'string' && inside !== '') return { kind: 'qr', png: await qrPicture(inside) };
    if (probe === 'closed') return { kind: 'not-started', detail: 'the session is not started, so there is no QR; start it first' };
    return { kind: 'failed', detail: `${NAME} lists no QR for session ${name} (status ${status || '(none)'}); ask again in a few seconds` };
  }

  async #startBy(route: Route, name: string, signal?: AbortSignal): Promise<void> {
    const status = this.#disconnected.has(name) ? '' : await this.status(name, signal);
    if (meaningOf(STATUS, status) === 'healthy') return;
    await repeatUnsent(() => this.#ask(route, name, signal), this.#retrying, signal);
    this.#disconnected.delete(name);
  }

  /** Backends answer 4xx or 500 for a session without a connection. */
  async #refusedAsClosed(name: string, error: unknown, signal?: AbortSignal): Promise<boolean> {
    const refused = error instanceof GatewayError && ['not-found', 'server-error', 'unexpected'].includes(error.fault);
    return refused && meaningOf(STATUS, await this.status(name, signal)) === 'closed';
  }

  async #untilClosed(name: string, signal?: AbortSignal): Promise<void> {
    const deadline = this.#clock.now() + this.#timings.closedWithinMs;
    for (;;) {
      const status = await this.status(name, signal);
      const probe = meaningOf(STATUS, status);
      if (probe === 'closed' || probe === 'qr') return;
      if (this.#clock.now() >= deadline) {
        throw new GatewayError('unexpected', `${NAME} accepted the disconnect of session ${name} but lists it as ${status || '(no status)'} after ${this.#timings.closedWithinMs / 1000} s, so nothing of it may be touched; look at its log, and check the routes of the backend`);
      }
      await this.#clock.sleep(this.#timings.lookEveryMs, signal);
    }
  }

  /** A backend without that route is not ill. */
  async #expectHealth(signal?: AbortSignal): Promise<void> {
    if (!this.#routes.health) return;
    try {
      await this.#ask(this.#routes.health, null, signal);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.status !== 404) throw error;
    }
  }

  #ask(route: Route, name: string | null, signal?: AbortSignal): Promise<Answer> {
    const path = name === null ? route.path : route.path.replace(':id', () => urlPart(name));
    return this.#http.ask({ method: route.method, path, headers: this.#headers, deadlineMs: this.#timings.answerMs, signal, looks: name === null });
  }
}

function listed(row: unknown): ListedSession[] {
  const id = fieldOf(row, 'id');
  const status = fieldOf(row, 'status');
  if (typeof id !== 'number' && typeof id !== 'string') return [];
  return [typeof status === 'string' ? { name: String(id), status } : { name: String(id) }];
}

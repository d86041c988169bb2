import type { ProbeResult } from '../words.ts';
import { ofShape, ofVerb } from './faults.ts';
import type { Gateway, GatewayVerb, ListedSession, QrAnswer } from './gateway.ts';
import { fieldOf, GatewayHttp, type Answer, type Call } from './http.ts';
import { urlPart } from './names.ts';
import { looking, meaningOf, type StatusWords } from './probing.ts';
import { isPng, readQrAnswer } from './qr-answer.ts';
import { repeatFreely, repeatUnsent, RETRYING, type Retrying } from './retry.ts';

const NAME = 'gateway-wrapper';

export interface WrapperTimings {
  /** It asks its sessions one after the other: one that hangs makes the whole list take tens of seconds [seen]. */
  listMs: number;
  statusMs: number;
  /** A session that connects again or shows a QR takes its browser's time. */
  qrMs: number;
}

const TIMINGS: WrapperTimings = { listMs: 90_000, statusMs: 30_000, qrMs: 60_000 };
const SLOW = 'one of its sessions hangs, which it waits for; the wrapper itself may be well';

export interface WrapperOptions {
  url: string;
  secret: string;
  timings?: Partial<WrapperTimings>;
  retrying?: Retrying;
}

/**
 * Its words, whole. `connected` is missing on purpose: the wrapper makes "connected" out of "disconnected" (it looks for a part of the
 * word) and out of a server flag that outlives the connection, so it proves nothing.
 */
const STATUS: StatusWords = new Map([
  ['disconnected', 'closed'], ['closed', 'closed'], ['qr_required', 'qr'], ['qr', 'qr'], ['waiting_qr', 'qr'],
  ['initializing', 'starting'], ['starting', 'starting'],
]);

/** The front before wppconnect-server: it can list, and make a closed session connect again; it can neither close nor start one. */
export class WrapperGateway implements Gateway {
  readonly kind = 'gateway-wrapper';
  readonly can: ReadonlySet<GatewayVerb> = new Set<GatewayVerb>(['list', 'status', 'probe', 'reconnect', 'qr']);
  readonly #http: GatewayHttp;
  readonly #headers: Record<string, string>;
  readonly #timings: WrapperTimings;
  readonly #retrying: Retrying;

  constructor(options: WrapperOptions) {
    this.#http = new GatewayHttp({
      name: NAME, url: options.url, urlSetting: 'WPP_GATEWAY_BASE_URL', secretSetting: 'WPP_GATEWAY_SECRET', secrets: [options.secret],
    });
    this.#headers = { 'x-gateway-secret': options.secret };
    this.#timings = { ...TIMINGS, ...options.timings };
    this.#retrying = options.retrying ?? RETRYING;
  }

  async list(signal?: AbortSignal): Promise<ListedSession[]> {
    const call: Call = { ...this.#get('/api/channels', this.#timings.listMs, signal), looks: true };
    const answer = await repeatFreely(() => this.#http.ask(call), this.#retrying, signal);
    const channels = fieldOf(answer.json, 'channels');
    if (!Array.isArray(channels)) throw ofShape(this.#http.asked, 'GET /api/channels', 'a list in "channels"');
    return channels.flatMap(listed);
  }

  /** Its own word, which is no proof. Rejects with `not-found` for a name it does not list. */
  async status(name: string, signal?: AbortSignal): Promise<string> {
    const call: Call = { ...this.#get(`/api/channels/${urlPart(name)}`, this.#timings.statusMs, signal), looks: true };
    const answer = await repeatFreely(() => this.#http.ask(call), this.#retrying, signal);
    const status = fieldOf(fieldOf(answer.json, 'channel'), 'status');
    if (typeof status !== 'string') throw ofShape(this.#http.asked, `GET ${call.path}`, '"channel.status"');
    return status;
  }

  probe(name: string, signal?: AbortSignal): Promise<ProbeResult> {
    return looking(async () => {
      const status = await this.status(name, signal);
      const probe = meaningOf(STATUS, status);
      return { probe, saw: `the wrapper says ${status}${probe === 'unknown' ? ', which proves nothing' : ''}` };
    });
  }

  async close(): Promise<void> {
    throw ofVerb(NAME, 'close a session', 'its only way destroys the login; set WPPCONNECT_URL so that wppconnect-server is asked');
  }

  async start(): Promise<void> {
    throw ofVerb(NAME, 'start a session', 'it only connects closed ones again; set WPPCONNECT_URL so that wppconnect-server is asked');
  }

  /**
   * Its QR request makes a closed session connect again [seen], also when the answer is a failure because no QR was due. So
   * every answer means "asked"; whether it helped is for a probe to say. Not repeated: each request starts something.
   */
  async reconnect(name: string, signal?: AbortSignal): Promise<void> {
    await this.#askForQr(name, signal);
  }

  async qr(name: string, signal?: AbortSignal): Promise<QrAnswer> {
    const answer = await this.#askForQr(name, signal);
    if (isPng(answer.body)) return { kind: 'qr', png: answer.body };
    return readQrAnswer(answer.json, this.#http.quote(answer));
  }

  #askForQr(name: string, signal?: AbortSignal): Promise<Answer> {
    const call = { ...this.#get(`/api/channels/${urlPart(name)}/qr`, this.#timings.qrMs, signal), alsoTake: [400, 409, 500] };
    return repeatUnsent(() => this.#http.ask(call), this.#retrying, signal);
  }

  #get(path: string, deadlineMs: number, signal?: AbortSignal): Call {
    return { method: 'GET', path, headers: this.#headers, deadlineMs, slownessMeans: SLOW, signal };
  }
}

function listed(channel: unknown): ListedSession[] {
  const id = fieldOf(channel, 'id');
  const status = fieldOf(channel, 'status');
  if (typeof id !== 'string') return [];
  return [typeof status === 'string' ? { name: id, status } : { name: id }];
}

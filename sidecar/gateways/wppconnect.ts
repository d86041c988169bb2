import type { ProbeResult } from '../words.ts';
import { neverArrived, ofShape, ofVerb } from './faults.ts';
import { GatewayError, type Gateway, type GatewayFault, type GatewayVerb, type ListedSession, type QrAnswer } from './gateway.ts';
import { fieldOf, GatewayHttp, type Answer, type Call } from './http.ts';
import { urlPart } from './names.ts';
import { looking, meaningOf, type StatusWords } from './probing.ts';
import { isPng, readQrAnswer } from './qr-answer.ts';
import { repeatFreely, repeatOnce, repeatUnsent, RETRYING, type Retrying } from './retry.ts';
import { SessionTokens } from './session-tokens.ts';

const NAME = 'wppconnect-server';

export interface WppconnectTimings {
  /** These calls do not touch a browser. */
  answerMs: number;
  /** A live page answers in well under a second; a dead renderer never does. */
  checkMs: number;
  /** Chromium writes its profile out before it goes. */
  closeMs: number;
}

const TIMINGS: WppconnectTimings = { answerMs: 10_000, checkMs: 10_000, closeMs: 45_000 };

export interface WppconnectOptions {
  url: string;
  secretKey: string;
  timings?: Partial<WppconnectTimings>;
  retrying?: Retrying;
}

/** The five words of `status-session` [run, 2.10.4]; CONNECTED is a write-once flag and is looked into. */
const STATUS: StatusWords = new Map([
  ['closed', 'closed'], ['initializing', 'starting'], ['qrcode', 'qr'], ['phonecode', 'qr'], ['connected', 'healthy'],
]);

/**
 * wppconnect-server. Lists the names with a token file, which is not what runs. It has no `reconnect`: on a session that believes it
 * is connected nothing but close and start helps.
 */
export class WppconnectGateway implements Gateway {
  readonly kind = 'wppconnect';
  readonly can: ReadonlySet<GatewayVerb> = new Set<GatewayVerb>(['list', 'status', 'probe', 'close', 'start', 'qr']);
  readonly #http: GatewayHttp;
  readonly #tokens: SessionTokens;
  readonly #timings: WppconnectTimings;
  readonly #retrying: Retrying;

  constructor(options: WppconnectOptions) {
    this.#http = new GatewayHttp({
      name: NAME, url: options.url, urlSetting: 'WPPCONNECT_URL', secretSetting: 'WPPCONNECT_SECRET_KEY', secrets: [options.secretKey],
    });
    this.#timings = { ...TIMINGS, ...options.timings };
    this.#retrying = options.retrying ?? RETRYING;
    this.#tokens = new SessionTokens(this.#http, options.secretKey, this.#timings.answerMs);
  }

  async list(signal?: AbortSignal): Promise<ListedSession[]> {
    const answer = await repeatFreely(() => this.#tokens.askWithSecret(listPath, { method: 'GET', signal, looks: true }), this.#retrying, signal);
    const names = fieldOf(answer.json, 'response');
    if (!Array.isArray(names)) throw ofShape(this.#http.asked, `GET ${listPath('***')}`, 'a list in "response"');
    return names.filter((name) => typeof name === 'string').map((name) => ({ name }));
  }

  /** CLOSED, INITIALIZING, QRCODE, PHONECODE or CONNECTED. A session that the server does not hold is CLOSED. */
  async status(name: string, signal?: AbortSignal): Promise<string> {
    const call: Call = { ...this.#get(name, 'status-session', this.#timings.answerMs, signal), looks: true };
    const answer = await repeatFreely(() => this.#asSession(name, call), this.#retrying, signal);
    const status = fieldOf(answer.json, 'status');
    if (status === null) return 'CLOSED';
    if (typeof status !== 'string') throw ofShape(this.#http.asked, `GET ${call.path}`, '"status"');
    return status;
  }

  probe(name: string, signal?: AbortSignal): Promise<ProbeResult> {
    return looking(async () => {
      const status = await this.status(name, signal);
      const probe = meaningOf(STATUS, status);
      return probe === 'healthy' ? this.#lookBehindConnected(name, signal) : { probe, saw: `status ${status}` };
    });
  }

  async close(name: string, signal?: AbortSignal): Promise<void> {
    const call: Call = { ...this.#get(name, 'close-session', this.#timings.closeMs, signal), method: 'POST', body: {} };
    try {
      await repeatUnsent(() => this.#asSession(name, call), this.#retrying, signal);
    } catch (error) {
      if (!mayHaveClosed(error)) throw error;
      await this.#expectClosed(name, error, signal);
    }
  }

  /** Asked twice at most: on a session that is not closed a start does nothing, so a second one cannot harm the first. */
  async start(name: string, signal?: AbortSignal): Promise<void> {
    // A body with anything in it would overwrite the session's stored webhook.
    const call: Call = { ...this.#get(name, 'start-session', this.#timings.answerMs, signal), method: 'POST', body: {} };
    await repeatOnce(() => this.#asSession(name, call), this.#retrying, signal);
  }

  async reconnect(): Promise<void> {
    throw ofVerb(NAME, 'reconnect', 'it has no such request; close and start the session instead');
  }

  async qr(name: string, signal?: AbortSignal): Promise<QrAnswer> {
    const call: Call = { ...this.#get(name, 'qrcode-session', this.#timings.answerMs, signal), alsoTake: [500] };
    const answer = await repeatFreely(() => this.#asSession(name, call), this.#retrying, signal);
    if (isPng(answer.body)) return { kind: 'qr', png: answer.body };
    return readQrAnswer(answer.json, this.#http.quote(answer));
  }

  /**
   * A session that says CONNECTED: does its page answer, and does the server itself still do? Over the connection that the
   * status came by, or a new one: one that had died would look like a dead page.
   */
  async #lookBehindConnected(name: string, signal?: AbortSignal): Promise<ProbeResult> {
    const call: Call = { ...this.#get(name, 'check-connection-session', this.#timings.checkMs, signal), looks: true, silenceTells: true };
    let answer: Answer;
    try {
      answer = await repeatFreely(() => this.#asSession(name, call), this.#retrying, signal);
    } catch (error) {
      if (!isFault(error, 'timeout')) throw error;
      await this.#http.ask({ method: 'GET', path: '/healthz', deadlineMs: this.#timings.answerMs, signal });
      return { probe: 'zombie', saw: `status CONNECTED, check-connection did not answer in ${this.#timings.checkMs / 1000} s while the server did` };
    }
    const alive = fieldOf(answer.json, 'status');
    if (alive === true) return { probe: 'healthy', saw: 'status CONNECTED, check-connection answered' };
    if (alive !== false) throw ofShape(this.#http.asked, `GET ${call.path}`, '"status"');
    // Somebody may have closed it between the two questions; a dead browser leaves CONNECTED standing.
    const again = await this.status(name, signal);
    const probe = meaningOf(STATUS, again);
    if (probe !== 'healthy') return { probe, saw: `status ${again}` };
    return { probe: 'zombie', saw: 'status CONNECTED, but check-connection says Disconnected: its browser or page is gone' };
  }

  /** A close that failed (500 for a session unknown or still starting) or never answered frees the slot all the same. */
  async #expectClosed(name: string, failure: GatewayError, signal?: AbortSignal): Promise<void> {
    const status = await this.status(name, signal);
    if (meaningOf(STATUS, status) === 'closed') return;
    const answered = failure.status ? `answered ${failure.status}` : 'did not answer';
    throw new GatewayError(failure.fault, `${NAME} ${answered} when asked to close the session, which is still ${status}: nothing of it may be touched; try again, and restart the container if it stays so`, { status: failure.status, cause: failure });
  }

  #get(name: string, route: string, deadlineMs: number, signal?: AbortSignal): Call {
    return { method: 'GET', path: `/api/${urlPart(name)}/${route}`, deadlineMs, signal };
  }

  /** A rejected token is minted anew once: the server's secret may have changed since. */
  async #asSession(name: string, call: Call): Promise<Answer> {
    const token = await this.#tokens.of(name, call.signal);
    try {
      return await this.#http.ask({ ...call, headers: { authorization: `Bearer ${token}` } });
    } catch (error) {
      if (!isFault(error, 'wrong-secret')) throw error;
      this.#tokens.forget(name, token);
      const fresh = await this.#tokens.of(name, call.signal);
      return this.#http.ask({ ...call, headers: { authorization: `Bearer ${fresh}` } });
    }
  }
}

const listPath = (secret: string): string => `/api/${secret}/show-all-sessions`;

const isFault = (error: unknown, fault: GatewayFault): error is GatewayError => error instanceof GatewayError && error.fault === fault;

const mayHaveClosed = (error: unknown): error is GatewayError =>
  isFault(error, 'server-error') || isFault(error, 'timeout') || (isFault(error, 'unreachable') && !neverArrived(error));

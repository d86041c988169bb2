import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { http } from '../node-http.ts';
import { GatewayError } from './gateway.ts';
import { ofAnswer, ofConnection, ofDeadline, type Asked } from './faults.ts';
import { KeptConnections, MOST_IDLE, type KeptConnection, type Reply } from './kept-connections.ts';

/** A list of thousands of sessions with all their settings stays far below; more is not an answer but a fault. */
const LONGEST_ANSWER_BYTES = 8 * 1024 * 1024;
/** Of another program's words as many as a log line carries well. */
const LONGEST_QUOTE = 160;

export interface Call {
  method: 'GET' | 'POST' | 'PUT';
  /** Below the base address, already encoded: `/api/s1/status-session`. */
  path: string;
  /** What messages show instead of `path` where that holds a secret. */
  shownPath?: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: object;
  deadlineMs: number;
  /** What slowness means for this call, in words for the operator. */
  slownessMeans?: string;
  /** Statuses besides 2xx that are answers, not faults (when they are not a web page). */
  alsoTake?: readonly number[];
  /** The caller's own end; its reason is thrown as it is. */
  signal?: AbortSignal;
  /** Changes nothing and may be asked twice: it goes over a connection that was used before, if there is one. */
  looks?: boolean;
  /** Of a look: that no answer comes tells something. Then the connection must be a new one, or one that answered just now. */
  silenceTells?: boolean;
}

export interface Answer {
  status: number;
  /** Media type, lower case, without parameters. */
  type: string;
  body: Buffer;
  /** The parsed body; undefined when it is not JSON. */
  json: unknown;
}

export interface Endpoint {
  name: string;
  url: string;
  urlSetting: string;
  secretSetting: string;
  secretAdvice?: string;
  /** Never shown, not even when the other side repeats them. */
  secrets: readonly string[];
}

const ACCEPTED = { accept: 'application/json, image/png' };
/** As in `node:http`: a line end in it would begin another request. */
const NOT_OF_A_PATH = /[^\u0021-\u00ff]/;
/** What a connection says that the gateway closed while it lay idle: nothing of the call was read. */
const CLOSED_MEANWHILE = new Set(['ECONNRESET', 'EPIPE']);

/**
 * One gateway's HTTP address. Every call has its own connection, but those that only look: a reused one that the gateway
 * has just closed would leave open whether a close or a start was carried out. Redirects are not followed: they would
 * carry the secret along.
 */
export class GatewayHttp {
  readonly asked: Asked;
  /** Where it is, as node takes it; the path is put behind `#prefix`. */
  readonly #where: RequestOptions;
  readonly #prefix: string;
  readonly #secrets: readonly string[];
  readonly #host: string;
  readonly #kept: KeptConnections | Agent;

  constructor(endpoint: Endpoint) {
    const { name, urlSetting, secretSetting, secretAdvice } = endpoint;
    const base = URL.parse(endpoint.url);
    if (!base || !/^https?:$/.test(base.protocol)) {
      throw new GatewayError('unexpected', `${urlSetting} is not a web address: give it as http://host:port`);
    }
    this.#where = urlToHttpOptions(base);
    this.#prefix = base.pathname.replace(/\/+$/, '');
    const keeping = { keepAlive: true, maxFreeSockets: MOST_IDLE };
    this.#host = base.host;
    const { hostname, port, auth } = this.#where;
    if (base.protocol === 'https:') this.#kept = new TlsAgent(keeping);
    else this.#kept = auth ? new http.Agent(keeping) : new KeptConnections({ host: hostname!, port: Number(port || 80) });
    this.#secrets = endpoint.secrets.flatMap((secret) => (secret ? [secret, encodeURIComponent(secret)] : []));
    this.asked = { name, urlSetting, secretSetting, secretAdvice, address: base.host + this.#prefix };
  }

  /** The answer with a 2xx status (or one of `alsoTake`); everything else is thrown as a GatewayError. */
  async ask(call: Call): Promise<Answer> {
    call.signal?.throwIfAborted();
    const leaving = new Leaving();
    // Not `AbortSignal.timeout`: its timers would go on after the answer, one for each of the last seconds' calls.
    const deadline = setTimeout(() => leaving.leave('late'), call.deadlineMs);
    const leave = (): void => leaving.leave('told to');
    call.signal?.addEventListener('abort', leave);
    let answer: Answer;
    const request = shown(call);
    try {
      answer = await this.#exchange(call, leaving);
    } catch (error) {
      call.signal?.throwIfAborted();
      if (error instanceof GatewayError) throw error;
      if (leaving.why === 'late') throw ofDeadline(this.asked, request, call.deadlineMs, call.slownessMeans);
      throw ofConnection(this.asked, request, error);
    } finally {
      clearTimeout(deadline);
      call.signal?.removeEventListener('abort', leave);
    }
    const page = isWebPage(answer);
    const taken = (answer.status >= 200 && answer.status < 300) || call.alsoTake?.includes(answer.status);
    if (!taken || page) throw ofAnswer(this.asked, request, answer.status, page, page ? '' : this.quote(answer));
    return answer;
  }

  /** What the other side said, in one short line, without our secrets. */
  quote(answer: Answer): string {
    const said = wordsOf(answer.json) ?? (answer.type.startsWith('text/') ? answer.body.toString('utf8', 0, 4 * LONGEST_QUOTE) : '');
    const safe = this.#secrets.reduce((text, secret) => text.replaceAll(secret, '***'), said);
    const line = safe.replace(/[\s\p{C}]+/gu, ' ').trim();
    return line.length > LONGEST_QUOTE ? `${line.slice(0, LONGEST_QUOTE)}...` : line;
  }

  async #exchange(call: Call, leaving: Leaving): Promise<Answer> {
    const { status, headers, body } = await this.#reply(call, leaving);
    const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
    return { status, type, body, json: type.startsWith('image/') ? undefined : parsed(body) };
  }

  async #reply(call: Call, leaving: Leaving): Promise<Pick<Reply, 'status' | 'body'> & { headers: { 'content-type'?: string } }> {
    if (call.looks && call.body === undefined && this.#kept instanceof KeptConnections) return this.#look(this.#kept, call, leaving);
    const response = await this.#send(call, leaving);
    return { status: response.statusCode ?? 0, headers: response.headers, body: await this.#bodyOf(response, call) };
  }

  async #look(kept: KeptConnections, call: Call, leaving: Leaving): Promise<Reply> {
    const request = this.#asText(call);
    for (let connection = kept.take(call.silenceTells ?? false); ; connection = kept.open()) {
      leaving.request = connection;
      const before = connection.used;
      try {
        const reply = await connection.ask(request, LONGEST_ANSWER_BYTES, () => this.#tooLong(call));
        kept.giveBack(connection);
        return reply;
      } catch (error) {
        const closedMeanwhile = before && connection.unanswered && CLOSED_MEANWHILE.has((error as NodeJS.ErrnoException).code ?? '');
        if (leaving.why !== null || !closedMeanwhile) throw error;
      }
    }
  }

  #asText({ method, path, headers }: Call): string {
    if (NOT_OF_A_PATH.test(path)) throw new GatewayError('unexpected', `${this.asked.name} was not asked: the path of that call holds a character that an address cannot hold`);
    const lines = Object.entries({ ...ACCEPTED, ...headers }).map(([name, value]) => {
      http.validateHeaderValue(name, value);
      return `${name}: ${value}\r\n`;
    });
    const length = method === 'GET' ? '' : 'content-length: 0\r\n';
    return `${method} ${this.#prefix}${path} HTTP/1.1\r\nhost: ${this.#host}\r\nconnection: keep-alive\r\n${length}${lines.join('')}\r\n`;
  }

  #tooLong(call: Call): GatewayError {
    return new GatewayError('unexpected', `${this.asked.name} answered ${shown(call)} with more than ${LONGEST_ANSWER_BYTES / 1024 / 1024} MB: that is no answer of ${this.asked.name}; check ${this.asked.urlSetting}`);
  }

  // By its events: an iterator over the answer, and a signal handed to node, were a quarter of what a look costs.
  #bodyOf(response: IncomingMessage, call: Call): Promise<Buffer> {
    const parts: Buffer[] = [];
    let length = 0;
    return new Promise((resolve, reject) => {
      response.on('data', (part: Buffer) => {
        length += part.length;
        parts.push(part);
        if (length <= LONGEST_ANSWER_BYTES) return;
        reject(this.#tooLong(call));
        response.destroy();
      }).on('end', () => resolve(Buffer.concat(parts))).on('error', reject);
    });
  }

  #send(call: Call, leaving: Leaving): Promise<IncomingMessage> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const headers: Record<string, string> = { ...ACCEPTED, ...call.headers };
    if (body !== undefined) Object.assign(headers, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) });
    const send = this.#where.protocol === 'https:' ? tlsRequest : http.request;
    return new Promise((resolve, reject) => {
      const request = send({ ...this.#where, path: this.#prefix + call.path, method: call.method, headers, agent: call.looks && !(this.#kept instanceof KeptConnections) ? this.#kept : false }, resolve);
      leaving.request = request;
      // After the response has come, its own stream reports what goes wrong; `reject` is then without effect.
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (leaving.why === null && request.reusedSocket && CLOSED_MEANWHILE.has(error.code ?? '')) resolve(this.#send({ ...call, looks: false }, leaving));
        else reject(error);
      }).end(body);
    });
  }
}

/** The end of a call before its answer is whole. */
class Leaving {
  why: 'late' | 'told to' | null = null;
  request: Pick<ClientRequest, 'destroy'> | KeptConnection | null = null;

  leave(why: 'late' | 'told to'): void {
    this.why ??= why;
    this.request?.destroy(new Error('left before the answer was whole'));
  }
}

const shown = (call: Call): string => `${call.method} ${call.shownPath ?? call.path}`;

function isWebPage(answer: Answer): boolean {
  return answer.type.includes('html') || /^\s*<(!doctype|html)/i.test(answer.body.toString('latin1', 0, 64));
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined; // not JSON: the caller knows whether that is a fault
  }
}

/** The sentence in `{"message": …}` or `{"error": …}` (`{"error": {"message": …}}` too). */
function wordsOf(json: unknown): string | undefined {
  for (const field of ['message', 'error', 'response']) {
    const value = fieldOf(json, field);
    if (typeof value === 'string' && value) return value;
    const inner = fieldOf(value, 'message');
    if (typeof inner === 'string' && inner) return inner;
  }
  return undefined;
}

/** A field of whatever came; undefined when there is none. */
export function fieldOf(json: unknown, field: string): unknown {
  return typeof json === 'object' && json !== null && Object.hasOwn(json, field) ? (json as Record<string, unknown>)[field] : undefined;
}

import { EventEmitter } from 'node:events';
import { type Socket, connect } from 'node:net';
import type Dockerode from 'dockerode';
import { type Body, bodyAfter, headIn } from '../http-body.ts';

/** A unix socket or a plain TCP address of the engine. */
export type Address = { path: string } | { host: string; port: number };

/** One read of the socket at the most; the kernel's own buffer for a unix socket holds 208 KiB. */
const READ_BYTES = 256 * 1024;
/**
 * The engine writes each line by itself, and whoever reads at once is woken for each: most of what reading costs, on both
 * sides. A read that brings little is followed by a rest (ms). In it the kernel's buffer does not fill: of small writes it
 * holds 38 KB, more than a flood brings in that time.
 */
const GATHER_MS = 1;
const MUCH_BYTES = 16 * 1024;

/** Where the engine is, if it can be asked without TLS or ssh; null otherwise, and dockerode does it. */
export async function plainAddress(docker: Dockerode): Promise<Address | null> {
  const modem = docker.modem as unknown as { socketPath?: unknown; host?: string; port?: string | number; protocol?: string; pathPrefix?: string; getSocketPath(): Promise<string> };
  if (modem.protocol !== 'http' || modem.pathPrefix) return null;
  if (modem.socketPath) return { path: await modem.getSocketPath() };
  const bare = modem.host !== undefined && /^[\w.-]+$/.test(modem.host);
  return bare ? { host: modem.host!, port: Number(modem.port ?? 2375) } : null;
}

/**
 * An answer of the engine read straight from its socket. The engine sends an HTTP chunk for every line of a log, and
 * `node:http` makes buffers, events and ticks of each: more than all the rest of a line's way costs. Here the body
 * of everything one read brought is one `data` event. The memory of a chunk is reused after the event: copy what is
 * to be kept. Nothing is read before `resume`.
 *
 * Events as of an IncomingMessage: `data`, `error`, `close`; `complete` says whether the body came whole.
 */
export class LogAnswer extends EventEmitter<{ data: [Buffer]; head: []; error: [Error]; close: [] }> {
  statusCode = 0;
  headers: Record<string, string> = {};
  complete = false;
  closed = false;
  readonly #socket: Socket;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #body: Body | null = null;
  #head = '';
  /** What came together with the head, until somebody listens. */
  #early: Buffer | null = null;
  #flowing = false;
  #rest: NodeJS.Timeout | null = null;

  constructor(address: Address, path: string, headers: Record<string, string> = {}) {
    super();
    this.#socket = connect({ ...address, onread: { buffer: this.#buffer, callback: (length) => this.#read(length) } });
    const lines = Object.entries({ Host: 'host' in address ? `${address.host}:${address.port}` : 'localhost', ...headers, Connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    this.#socket.on('error', (error) => this.#failed(error));
    this.#socket.on('end', () => {
      if (this.#body?.endsWithConnection && this.#early === null) this.complete = true;
    });
    this.#socket.on('close', () => this.#close());
  }

  resume(): this {
    this.#flowing = true;
    const early = this.#early;
    this.#early = null;
    try {
      if (early) this.#pass(early, 0, early.length);
      this.#socket.resume();
    } catch (error) {
      this.#failed(error as Error);
    }
    return this;
  }

  destroy(): this {
    this.#socket.destroy();
    return this;
  }

  /** False stops the reading until `resume`. Nothing may be thrown through the socket: it would be nobody's. */
  #read(length: number): boolean {
    const began = performance.now();
    try {
      if (this.#body !== null) this.#pass(this.#buffer, 0, length);
      else this.#beforeBody(length);
    } catch (error) {
      this.#failed(error as Error);
    }
    if (this.#body === null) return true;
    if (!this.#flowing || length >= MUCH_BYTES || performance.now() - began >= GATHER_MS) return this.#flowing;
    this.#rest = setTimeout(() => this.#socket.resume(), GATHER_MS);
    return false;
  }

  #beforeBody(length: number): void {
    this.#head += this.#buffer.toString('latin1', 0, length);
    const whole = headIn(this.#head);
    if (whole === null) return;
    const { head, rest } = whole;
    this.#head = '';
    this.statusCode = head.status;
    this.headers = head.headers;
    this.#body = bodyAfter(head);
    this.#early = Buffer.from(this.#buffer.subarray(length - rest.length, length));
    this.emit('head');
  }

  #pass(bytes: Buffer, start: number, end: number): void {
    const body = this.#body!;
    const to = body.take(bytes, start, end);
    if (to > start) this.emit('data', bytes.subarray(start, to));
    if (!body.done) return;
    this.complete = true;
    this.#socket.destroy();
  }

  #failed(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error);
    this.#socket.destroy();
  }

  #close(): void {
    if (this.#rest) clearTimeout(this.#rest);
    this.closed = true;
    this.emit('close');
  }
}

/**
 * Asks and resolves with the answer once its head came. Rejects with the socket's error, or with an error that has
 * `statusCode` and the engine's own words, as dockerode's.
 */
export function ask(address: Address, path: string, headers: Record<string, string>, signal: AbortSignal): Promise<LogAnswer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const answer = new LogAnswer(address, path, headers);
    const abort = () => answer.destroy();
    signal.addEventListener('abort', abort, { once: true });
    answer.on('error', reject);
    const ended = () => reject(Object.assign(new Error('the connection ended before an answer'), { code: 'ECONNRESET' }));
    answer.once('close', () => signal.removeEventListener('abort', abort));
    answer.once('close', ended);
    answer.once('head', () => {
      answer.off('close', ended);
      if (answer.statusCode === 200) resolve(answer);
      else refusal(answer).then(reject, reject);
    });
  });
}

/** Refusals are a line of JSON; a proxy's may be a page. */
const LONGEST_REFUSAL = 64 * 1024;

async function refusal(answer: LogAnswer): Promise<Error> {
  let said = '';
  answer.on('data', (chunk) => {
    said += chunk.toString('latin1');
    if (said.length > LONGEST_REFUSAL) answer.destroy();
  });
  const closed = new Promise<void>((resolve) => answer.once('close', resolve));
  answer.resume();
  await closed;
  return Object.assign(new Error(wordsOf(said)), { statusCode: answer.statusCode });
}

function wordsOf(said: string): string {
  try {
    const { message } = JSON.parse(Buffer.from(said, 'latin1').toString()) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not the engine's JSON: the text itself.
  }
  return said;
}

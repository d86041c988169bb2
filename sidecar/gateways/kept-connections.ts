import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { type Body, type Head, HttpError, bodyAfter, headIn } from '../http-body.ts';

export interface Reply extends Head {
  body: Buffer;
}

/** Answers to looks have a few hundred bytes; more comes in several reads. */
const READ_BYTES = 8 * 1024;
const PROTOCOL = 'HTTP/1.';
/** As many as the health rounds ask at once. */
export const MOST_IDLE = 2;
/** A connection that lay longer may have died unseen, whatever the gateway promised. */
const LONGEST_IDLE_MS = 60_000;
/** What answered so lately is alive as surely as a new connection is. */
const JUST_NOW_MS = 1_000;

/** The gateway closed the connection while nothing of the answer had come. */
export class ConnectionLost extends Error {
  readonly code = 'ECONNRESET';
  constructor() {
    super('the connection ended before the answer was whole');
  }
}

/**
 * Connections to one plain HTTP address over which looks are asked, one after another. Without `node:http`: what that makes of a
 * request and its answer costs more than all the rest of a look, and looks are what a sidecar at rest does.
 */
export class KeptConnections {
  readonly #where: NetConnectOpts;
  readonly #idle: KeptConnection[] = [];

  constructor(where: NetConnectOpts) {
    this.#where = where;
  }

  /** The one used last, or a new one. `fresh`: it is new or answered just now. */
  take(fresh: boolean): KeptConnection {
    const now = performance.now();
    for (let known = this.#idle.pop(); known; known = this.#idle.pop()) {
      if (known.isUsable(now)) {
        if (!fresh || now - known.answeredAt < JUST_NOW_MS) return known;
        this.#idle.push(known);
        break;
      }
      known.destroy();
    }
    return this.open();
  }

  open(): KeptConnection {
    return new KeptConnection(this.#where);
  }

  /** Keeps it for the next look, if it can be. */
  giveBack(connection: KeptConnection): void {
    if (connection.isUsable(performance.now()) && this.#idle.length < MOST_IDLE) this.#idle.push(connection);
    else connection.destroy();
  }
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
  tooLong(): Error;
  longest: number;
}

/** One exchange at a time. Its process may end while it lies idle. */
export class KeptConnection {
  /** On `performance.now`. */
  answeredAt = Number.NEGATIVE_INFINITY;
  readonly #socket: Socket;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #waiting: Waiting | null = null;
  #text = '';
  #head: Head | null = null;
  #body: Body | null = null;
  #parts: Buffer[] = [];
  #length = 0;
  #ended = false;
  #mayLieMs = 0;
  #failure: Error | null = null;

  constructor(where: NetConnectOpts) {
    this.#socket = connect({ ...where, noDelay: true, onread: { buffer: this.#buffer, callback: (length) => this.#read(length) } });
    this.#socket.on('error', (error) => (this.#failure = error)).on('end', () => this.#atItsEnd()).on('close', () => this.#closed());
  }

  /** An answer came over it before. */
  get used(): boolean {
    return this.answeredAt !== Number.NEGATIVE_INFINITY;
  }

  isUsable(now: number): boolean {
    return !this.#ended && !this.#socket.destroyed && now - this.answeredAt < this.#mayLieMs;
  }

  /**
   * Sends a request without a body and resolves with its answer. Rejects with the socket's error, with ConnectionLost, HttpError, or
   * what `tooLong` says of an answer with more than `longest` bytes.
   */
  ask(request: string, longest: number, tooLong: () => Error): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, tooLong, longest };
      this.#socket.ref();
      this.#socket.write(request, 'latin1');
    });
  }

  /** Nothing of the answer to the present request has come. */
  get unanswered(): boolean {
    return this.#text === '' && this.#head === null;
  }

  destroy(error?: Error): void {
    this.#socket.destroy(error);
  }

  /** Nothing may be thrown through the socket: it would be nobody's. */
  #read(length: number): boolean {
    try {
      if (this.#waiting === null) this.#socket.destroy();
      else if (this.#body !== null) this.#take(this.#buffer, 0, length);
      else this.#beforeBody(length);
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
    return true;
  }

  #beforeBody(length: number): void {
    this.#text += this.#buffer.toString('latin1', 0, length);
    for (;;) {
      if (!PROTOCOL.startsWith(this.#text.slice(0, PROTOCOL.length))) throw new HttpError('this is no HTTP answer');
      const whole = headIn(this.#text);
      if (whole === null) return;
      const { head } = whole;
      this.#text = whole.rest;
      // Those in between (100, 103) are followed by the answer itself.
      if (head.status >= 200) {
        this.#head = head;
        this.#body = bodyAfter(head);
        break;
      }
    }
    this.#take(this.#buffer, length - this.#text.length, length);
  }

  #take(bytes: Buffer, start: number, end: number): void {
    const to = this.#body!.take(bytes, start, end);
    if (to > start) this.#parts.push(Buffer.from(bytes.subarray(start, to)));
    this.#length += to - start;
    if (this.#length > this.#waiting!.longest) throw this.#waiting!.tooLong();
    if (this.#body!.done) this.#answer();
  }

  #answer(): void {
    const { resolve } = this.#waiting!;
    const head = this.#head!;
    const { connection = '', 'keep-alive': promise = '' } = head.headers;
    const seconds = /timeout=(\d{1,6})/i.exec(promise)?.[1];
    // A second before the gateway would close it, so that it does not do so under a look.
    const promised = seconds === undefined ? LONGEST_IDLE_MS : Number(seconds) * 1000 - 1000;
    this.#mayLieMs = /close/i.test(connection) || this.#body!.more || this.#body!.endsWithConnection ? 0 : Math.min(promised, LONGEST_IDLE_MS);
    this.answeredAt = performance.now();
    const body = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#waiting = this.#head = this.#body = null;
    this.#parts = [];
    this.#text = '';
    this.#length = 0;
    this.#socket.unref();
    resolve({ ...head, body });
  }

  #atItsEnd(): void {
    this.#ended = true;
    if (this.#body?.endsWithConnection) this.#answer();
  }

  #closed(): void {
    this.#ended = true;
    this.#waiting?.reject(this.#failure ?? new ConnectionLost());
    this.#waiting = null;
  }
}

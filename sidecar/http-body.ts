/** The bytes break HTTP's own rules: reading on would turn noise into log entries. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  /** As node's own parser says it. */
  readonly code = 'HPE_BROKEN';
}

/** Servers' heads have 300 bytes; proxies add some. */
const LONGEST_HEAD = 64 * 1024;
const END_OF_HEAD = '\r\n\r\n';

/** The head that `text` (latin1) begins with, and what follows it; null while it is not whole. Throws an HttpError for what can be none. */
export function headIn(text: string): { head: Head; rest: string } | null {
  const end = text.indexOf(END_OF_HEAD);
  if (end !== -1) return { head: parseHead(text.slice(0, end)), rest: text.slice(end + END_OF_HEAD.length) };
  if (text.length > LONGEST_HEAD) throw new HttpError('the answer has no end of its head');
  return null;
}

/** How the body of an answer is delimited (RFC 9112, section 6.3). */
export interface Body {
  /**
   * Takes the next bytes of the connection, `[start, end)`, and leaves what belongs to the body in their place from
   * `start` on. Returns where that ends.
   */
  take(bytes: Buffer, start: number, end: number): number;
  /** Everything came. */
  readonly done: boolean;
  /** The bytes that ended the body had others behind them. */
  readonly more: boolean;
  /** The end of the connection is the end of this body, and no cut. */
  readonly endsWithConnection: boolean;
}

const CR = 13;
const LF = 10;
const SEMICOLON = 59;
/** 2^40 bytes. A larger chunk is none. */
const MOST_DIGITS = 10;

/** Chunked, the engine's way: a chunk for every frame. Chunk extensions and trailers are passed over. */
export class ChunkedBody implements Body {
  readonly endsWithConnection = false;
  more = false;
  #state: 'size' | 'extension' | 'data' | 'end of data' | 'trailer' | 'done' = 'size';
  #left = 0;
  #digits = 0;
  /** Bytes of the present trailer line. */
  #trailer = 0;

  get done(): boolean {
    return this.#state === 'done';
  }

  take(bytes: Buffer, start: number, end: number): number {
    let to = start;
    let at = start;
    while (at < end && this.#state !== 'done') {
      if (this.#state !== 'data') {
        this.#control(bytes[at++]!);
        continue;
      }
      const here = Math.min(this.#left, end - at);
      if (to !== at) bytes.copyWithin(to, at, at + here);
      to += here;
      at += here;
      this.#left -= here;
      if (this.#left === 0) this.#state = 'end of data';
    }
    this.more = at < end;
    return to;
  }

  #control(byte: number): void {
    if (this.#state === 'size') this.#size(byte);
    else if (this.#state === 'extension') {
      if (byte === LF) this.#endOfSize();
    } else if (this.#state === 'end of data') {
      if (byte === LF) this.#state = 'size';
      else if (byte !== CR) throw new HttpError(`a chunk of the answer is longer than it says (byte ${byte} after its end)`);
    } else if (byte !== LF) this.#trailer += byte === CR ? 0 : 1;
    else if (this.#trailer === 0) this.#state = 'done';
    else this.#trailer = 0;
  }

  #size(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > MOST_DIGITS) throw new HttpError('a chunk of the answer has no possible size');
      this.#left = this.#left * 16 + digit;
    } else if (byte === LF) this.#endOfSize();
    else if (byte === SEMICOLON) this.#state = 'extension';
    else if (byte !== CR) throw new HttpError(`a chunk of the answer has no size (byte ${byte})`);
  }

  #endOfSize(): void {
    if (this.#digits === 0) throw new HttpError('a chunk of the answer has no size');
    this.#digits = 0;
    this.#state = this.#left === 0 ? 'trailer' : 'data';
  }
}

/** Of a known length, or up to the end of the connection (`length` null: HTTP/1.0, some proxies). */
export class PlainBody implements Body {
  readonly endsWithConnection: boolean;
  more = false;
  #left: number;

  constructor(length: number | null) {
    this.endsWithConnection = length === null;
    this.#left = length ?? Number.POSITIVE_INFINITY;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  take(_bytes: Buffer, start: number, end: number): number {
    const here = Math.min(this.#left, end - start);
    this.#left -= here;
    this.more = start + here < end;
    return start + here;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 0x20;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

export interface Head {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
}

/** Status and headers, from the text before the empty line. */
export function parseHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.[01] ([1-9]\d\d)(?: |$)/.exec(first)?.[1];
  if (status === undefined) throw new HttpError(`this is no HTTP answer: ${first.slice(0, 80)}`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(status), headers };
}

/** The body that follows that head. */
export function bodyAfter({ status, headers }: Head): Body {
  if (status === 204 || status === 304) return new PlainBody(0);
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && /(?:^|,)\s*chunked$/i.test(coding)) return new ChunkedBody();
  const length = coding === undefined ? headers['content-length'] : undefined;
  if (length === undefined) return new PlainBody(null);
  if (!/^\d{1,15}$/.test(length)) throw new HttpError(`the answer's length cannot be read: ${length.slice(0, 40)}`);
  return new PlainBody(Number(length));
}

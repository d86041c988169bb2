/**
 * Docker's multiplexed log stream: an 8-byte header (stream, three zeros, big-endian length), then the payload.
 * Our own parser because dockerode's `demuxStream` drops `end` and `error` and turns to raw bytes for ever after
 * a type-3 frame, which engine 20.10 really sends (`Error grabbing logs: ...`).
 */

/** 1 stdout, 2 stderr, 3 a message of the engine itself. */
export type FrameType = 1 | 2 | 3;
/** Gets a view into memory that the next chunk may reuse: copy what is to be kept. */
export type OnFrame = (type: FrameType, bytes: Buffer, start: number, end: number, skipped: number) => void;

const HEADER = 8;
/** The engine's own frames hold 16 KiB of text. Other drivers may write more; beyond this the rest is skipped and counted. */
const LONGEST_FRAME_KEPT = 1024 * 1024;

/** The bytes are no frames. Reading on would turn noise into lines. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

export class FrameParser {
  readonly #onFrame: OnFrame;
  readonly #header = Buffer.alloc(HEADER);
  #headerFilled = 0;
  #payload: Buffer | null = null;
  #payloadFilled = 0;
  #payloadLeft = 0;
  #payloadSkipped = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** True between frames: a stream that ends elsewhere was cut. */
  get atBoundary(): boolean {
    return this.#headerFilled === 0 && this.#payload === null;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payload !== null) at = this.#continuePayload(chunk, at);
      else if (this.#headerFilled > 0 || chunk.length - at < HEADER) at = this.#continueHeader(chunk, at);
      else at = this.#wholeFrame(chunk, at);
    }
  }

  #wholeFrame(chunk: Buffer, at: number): number {
    const length = lengthOf(chunk, at);
    const start = at + HEADER;
    if (length <= chunk.length - start) {
      this.#onFrame(chunk[at] as FrameType, chunk, start, start + length, 0);
      return start + length;
    }
    chunk.copy(this.#header, 0, at, start);
    this.#beginPayload(length);
    return start;
  }

  #continueHeader(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#header, this.#headerFilled, at, at + HEADER - this.#headerFilled);
    this.#headerFilled += copied;
    if (this.#headerFilled === HEADER) this.#beginPayload(lengthOf(this.#header, 0));
    return at + copied;
  }

  #beginPayload(length: number): void {
    this.#headerFilled = 0;
    this.#payload = Buffer.allocUnsafe(Math.min(length, LONGEST_FRAME_KEPT));
    this.#payloadFilled = 0;
    this.#payloadLeft = length;
    this.#payloadSkipped = length - this.#payload.length;
    if (length === 0) this.#endPayload();
  }

  #continuePayload(chunk: Buffer, at: number): number {
    const here = Math.min(this.#payloadLeft, chunk.length - at);
    this.#payloadFilled += chunk.copy(this.#payload!, this.#payloadFilled, at, at + here);
    this.#payloadLeft -= here;
    if (this.#payloadLeft === 0) this.#endPayload();
    return at + here;
  }

  #endPayload(): void {
    const payload = this.#payload!;
    this.#payload = null;
    this.#onFrame(this.#header[0] as FrameType, payload, 0, this.#payloadFilled, this.#payloadSkipped);
  }
}

function lengthOf(bytes: Buffer, at: number): number {
  const type = bytes[at]!;
  if (type < 1 || type > 3 || bytes[at + 1] !== 0 || bytes[at + 2] !== 0 || bytes[at + 3] !== 0) {
    throw new FrameError(`not a log frame: header ${bytes.toString('hex', at, at + HEADER)}`);
  }
  return bytes.readUInt32BE(at + 4);
}

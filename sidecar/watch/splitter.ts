import split2 from 'split2';

/** Hands out each line of what is written, before `write` returns. Write whole lines only, in UTF-8, ended by `\n`. */
export interface Splitter {
  write(wholeLines: Buffer): void;
}

/**
 * split2 driven synchronously. Bounds stand before it (`WholeLines`, `Parts`): its own `maxLength` loses the
 * whole line or the stream, and it splits its carry again with every chunk.
 */
export function lineSplitter(onLine: (line: string) => void): Splitter {
  const splitter = split2('\n');
  let failure: { error: unknown } | null = null;
  splitter.on('data', (line: string) => {
    if (failure !== null) return;
    try {
      onLine(line);
    } catch (error) {
      // Thrown through split2 it would be nobody's and end the process.
      failure = { error };
    }
  });
  // A new stream hands out asynchronously until its first read.
  splitter.read(0);
  return {
    write(wholeLines) {
      splitter.write(wholeLines);
      // Never seen to hold back while flowing; if it did, a cursor could be stored ahead of its lines.
      while (splitter.read() !== null);
      if (failure === null) return;
      const { error } = failure;
      failure = null;
      throw error;
    },
  };
}

/**
 * Cuts a byte stream into whole lines with bounded memory: what a line has beyond `bound` bytes is skipped
 * and counted, however long it gets.
 */
export class WholeLines {
  readonly #bound: number;
  readonly #onRun: (bytes: Buffer, start: number, end: number) => void;
  readonly #onLong: (kept: Buffer, skipped: number) => void;
  #carry: Buffer[] = [];
  #carried = 0;
  #skipped = 0;

  /** `onRun` gets one or more whole lines with their ends; `onLong` one line that was cut, without its end. */
  constructor(bound: number, onRun: (bytes: Buffer, start: number, end: number) => void, onLong: (kept: Buffer, skipped: number) => void) {
    this.#bound = bound;
    this.#onRun = onRun;
    this.#onLong = onLong;
  }

  push(chunk: Buffer): void {
    const firstEnd = chunk.indexOf(NEWLINE);
    if (firstEnd === -1) return this.#hold(chunk, 0, chunk.length);
    let start = 0;
    if (this.#carried > 0) {
      this.#hold(chunk, 0, firstEnd);
      this.#release(true);
      start = firstEnd + 1;
    }
    const lastEnd = chunk.lastIndexOf(NEWLINE);
    if (lastEnd >= start) this.#run(chunk, start, lastEnd + 1);
    this.#hold(chunk, lastEnd + 1, chunk.length);
  }

  /** The last line, when the stream ended without a line end. */
  finish(): void {
    if (this.#carried > 0) this.#release(false);
  }

  /** Forgets the line under way: its stream was cut and will be read again. */
  reset(): void {
    this.#carry = [];
    this.#carried = this.#skipped = 0;
  }

  #run(chunk: Buffer, start: number, end: number): void {
    if (end - start <= this.#bound) return this.#onRun(chunk, start, end);
    let runStart = start;
    for (let at = start; at < end; ) {
      const next = chunk.indexOf(NEWLINE, at) + 1;
      if (next - 1 - at > this.#bound) {
        if (at > runStart) this.#onRun(chunk, runStart, at);
        this.#onLong(chunk.subarray(at, at + this.#bound), next - 1 - at - this.#bound);
        runStart = next;
      }
      at = next;
    }
    if (end > runStart) this.#onRun(chunk, runStart, end);
  }

  #hold(chunk: Buffer, start: number, end: number): void {
    if (end <= start) return;
    const room = Math.min(end - start, this.#bound - this.#carried);
    if (room > 0) this.#carry.push(Buffer.from(chunk.subarray(start, start + room)));
    this.#carried += Math.max(room, 0);
    this.#skipped += end - start - Math.max(room, 0);
  }

  #release(ended: boolean): void {
    const skipped = this.#skipped;
    if (ended && skipped === 0) this.#carry.push(LINE_END);
    const line = Buffer.concat(this.#carry);
    this.reset();
    if (skipped > 0) this.#onLong(line, skipped);
    else this.#onRun(line, 0, line.length);
  }
}

const NEWLINE = 10;
const LINE_END = Buffer.from('\n');

/** The newline of the line that begins at `start`, or the limit where it has none before. */
export function endOfLine(bytes: Buffer, start: number, limit: number): number {
  const newline = bytes.indexOf(NEWLINE, start);
  return newline === -1 || newline >= limit ? limit : newline;
}

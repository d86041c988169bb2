import type { Clock } from '../clock.ts';
import type { LogLine } from '../words.ts';
import { type Glance, type Kind, TO_BE_DECODED } from './glance.ts';
import { type LineMaker, DEFAULT_LINE_BOUND, STDERR_MARK, STDOUT_MARK, mayHoldPartStamps } from './lines.ts';
import { STAMP_LENGTH } from './stamp.ts';

/** A part without a successor for so long is a line without an end (engine 20.10's `local` driver loses the last one's). */
export const CHAIN_IDLE_MS = 5_000;
/** 320 MB of one line. It is handed on then, so that the cursor does not stand still behind it for ever. */
const LONGEST_CHAIN = 20_000;
/** About what one read of a socket brings, twice. */
const SCRATCH = 128 * 1024;
const NEWLINE = 10;

/** What happens to the cursor while a line is under way: it must not pass parts whose line was not delivered yet. */
export interface ChainWatch {
  opened(stream: 1 | 2): void;
  closed(stream: 1 | 2): void;
}

interface Chain {
  stamp: string;
  kept: Buffer[];
  keptBytes: number;
  skipped: number;
  parts: number;
  touchedAt: number;
  /** Its line was delivered already: the rest is only counted. */
  delivered: boolean;
}

/**
 * Log entries to marked lines: joins the 16 KiB parts into which the engine cuts long lines. Parts follow each
 * other in one stream, carry the same timestamp, and only the last ends in `\n`. Their length proves nothing
 * (an invalid byte grows to three).
 */
export class Parts {
  readonly #maker: LineMaker;
  readonly #bound: number;
  readonly #clock: Clock;
  readonly #watch: ChainWatch;
  readonly #glance: Glance | null;
  readonly #chains: Partial<Record<1 | 2, Chain>> = {};
  #scratch = Buffer.allocUnsafe(SCRATCH);
  #filled = 0;
  /** Bytes counted after their line had been delivered. */
  skippedLate = 0;

  /** With a glance, only lines that have to be decoded come with their text. */
  constructor(maker: LineMaker, clock: Clock, watch: ChainWatch, bound = DEFAULT_LINE_BOUND, glance: Glance | null = null) {
    this.#maker = maker;
    this.#bound = bound;
    this.#clock = clock;
    this.#watch = watch;
    this.#glance = glance;
  }

  get open(): boolean {
    return this.#chains[1] !== undefined || this.#chains[2] !== undefined;
  }

  /** When the older of the lines under way began; null when there is none. */
  get oldestOpen(): string | null {
    const stamps = Object.values(this.#chains).map(({ stamp }) => stamp);
    return stamps.length === 0 ? null : stamps.reduce((a, b) => (a < b ? a : b));
  }

  /** True while a line of that stream is under way and not delivered. */
  pending(stream: 1 | 2): boolean {
    return this.#chains[stream]?.delivered === false;
  }

  /** True when an entry of that stream and time continues a line. */
  continues(stream: 1 | 2, stamp: string): boolean {
    return this.#chains[stream]?.stamp === stamp;
  }

  /** One entry's content, `[start, end)`, with its line end if it has one. */
  accept(stream: 1 | 2, stamp: string, bytes: Buffer, start: number, end: number, skipped: number): void {
    const ends = end > start && bytes[end - 1] === NEWLINE;
    const chain = this.#chains[stream];
    if (chain !== undefined) {
      if (chain.stamp === stamp) return this.#continue(stream, chain, bytes, start, ends ? end - 1 : end, skipped, ends);
      this.#close(stream);
    }
    if (!ends) this.#open(stream, stamp, bytes, start, end, skipped);
    else if (skipped > 0 || end - start > SCRATCH - STAMP_LENGTH - 2) this.#long(stream, stamp, bytes.subarray(start, end - 1), skipped);
    else this.#simple(stream, stamp, bytes, start, end);
  }

  /** The next part of a line has not come for so long that there may be none. */
  get idle(): boolean {
    return this.#idle().length > 0;
  }

  /** Closes lines whose next part did not come. */
  closeIdle(): void {
    for (const stream of this.#idle()) this.#close(stream);
  }

  #idle(): (1 | 2)[] {
    return ([1, 2] as const).filter((stream) => {
      const chain = this.#chains[stream];
      return chain !== undefined && this.#clock.now() - chain.touchedAt >= CHAIN_IDLE_MS;
    });
  }

  /** Nothing more will come: the container has ended. */
  closeAll(): void {
    if (this.#chains[1]) this.#close(1);
    if (this.#chains[2]) this.#close(2);
  }

  take(): LogLine[] {
    this.#flush();
    return this.#maker.take();
  }

  #simple(stream: 1 | 2, stamp: string, bytes: Buffer, start: number, end: number): void {
    const kind = this.#kindOf(stamp, bytes, start, end);
    if (kind !== TO_BE_DECODED) {
      this.#flush();
      return this.#maker.add(stream, stamp, kind);
    }
    if (this.#filled + end - start + STAMP_LENGTH + 2 > SCRATCH) this.#flush();
    this.#mark(stream, stamp);
    this.#filled += bytes.copy(this.#scratch, this.#filled, start, end);
  }

  /** A line whose text is not needed is known by one look at its bytes; any doubt is one to be decoded. */
  #kindOf(stamp: string, bytes: Buffer, start: number, end: number): Kind {
    if (this.#glance === null || end - 1 - start > this.#bound) return TO_BE_DECODED;
    const kind = this.#glance.at(bytes, start, end);
    return this.#glance.end !== end - 1 || mayHoldPartStamps(bytes, start, end - 1, () => stamp) ? TO_BE_DECODED : kind;
  }

  #mark(stream: 1 | 2, stamp: string): void {
    this.#scratch[this.#filled] = markOf(stream);
    this.#scratch.write(`${stamp} `, this.#filled + 1, 'latin1');
    this.#filled += STAMP_LENGTH + 2;
  }

  #flush(): void {
    if (this.#filled > 0) this.#maker.write(this.#scratch.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #long(stream: 1 | 2, stamp: string, content: Buffer, skipped: number): void {
    this.#flush();
    const marked = Buffer.concat([Buffer.from([markOf(stream)]), Buffer.from(`${stamp} `), content]);
    this.#maker.writeCut(marked, skipped);
  }

  #open(stream: 1 | 2, stamp: string, bytes: Buffer, start: number, end: number, skipped: number): void {
    const chain: Chain = { stamp, kept: [], keptBytes: 0, skipped: 0, parts: 0, touchedAt: 0, delivered: false };
    this.#chains[stream] = chain;
    this.#watch.opened(stream);
    this.#continue(stream, chain, bytes, start, end, skipped, false);
  }

  #continue(stream: 1 | 2, chain: Chain, bytes: Buffer, start: number, end: number, skipped: number, ends: boolean): void {
    const room = chain.delivered ? 0 : Math.max(0, Math.min(end - start, this.#bound - chain.keptBytes));
    if (room > 0) chain.kept.push(Buffer.from(bytes.subarray(start, start + room)));
    chain.keptBytes += room;
    chain.skipped += end - start - room + skipped;
    chain.parts++;
    chain.touchedAt = this.#clock.now();
    if (ends) this.#close(stream);
    else if (chain.parts === LONGEST_CHAIN) this.#deliverEarly(stream, chain);
  }

  #deliverEarly(stream: 1 | 2, chain: Chain): void {
    this.#close(stream);
    this.#chains[stream] = { ...chain, kept: [], skipped: 0, delivered: true };
  }

  #close(stream: 1 | 2): void {
    const chain = this.#chains[stream]!;
    delete this.#chains[stream];
    if (chain.delivered) this.skippedLate += chain.skipped;
    else {
      this.#long(stream, chain.stamp, Buffer.concat(chain.kept), chain.skipped);
      this.#watch.closed(stream);
    }
  }
}

const markOf = (stream: 1 | 2): number => (stream === 1 ? STDOUT_MARK : STDERR_MARK);

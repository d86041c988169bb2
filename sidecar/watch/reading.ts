import { FrameParser, type FrameType } from './frames.ts';
import { Ordinals, entryKey, ordinalKey } from './key.ts';
import { DEFAULT_LINE_BOUND } from './lines.ts';
import { StampReader } from './stamp-reader.ts';
import { STAMP_LENGTH, toStamp } from './stamp.ts';
import { WholeLines, endOfLine } from './splitter.ts';

/** One entry of the engine's log. The object and its memory are reused after the call: copy what is to be kept. */
export interface Entry {
  stream: 1 | 2;
  /** Identity in this container: see `entryKey`. */
  key: number;
  /** How many identical entries came just before it. */
  ordinal: number;
  stamp: string;
  bytes: Buffer;
  /** Content without its timestamp, with its line end if it has one: `[start, end)`. */
  start: number;
  end: number;
  skipped: number;
}

export interface ReadingEvents {
  entry(entry: Entry): void;
  /** A type-3 frame: the engine's own words about a log it could not read. */
  engineSays(message: string): void;
}

const SPACE = 0x20;
const LETTER_Z = 0x5a;
/** The longest timestamp with its space. */
const LONGEST_PREFIX = 36;
/** A TTY line holds a timestamp for each of its 16 KiB parts. */
const ROOM_FOR_PART_STAMPS = 64 * (STAMP_LENGTH + 1);

/** One answer of `/logs`, bytes to entries. */
export class Reading {
  readonly #events: ReadingEvents;
  readonly #frames: FrameParser | null;
  readonly #terminal: WholeLines | null;
  readonly #ordinals = new Ordinals();
  readonly #entry: Entry = { stream: 1, key: 0, ordinal: 0, stamp: '', bytes: Buffer.alloc(0), start: 0, end: 0, skipped: 0 };
  readonly #stamps = new StampReader();
  #stamp: string;

  /** `stampBefore`: the time given to an entry that has none. */
  constructor(tty: boolean, stampBefore: string, events: ReadingEvents, lineBound = DEFAULT_LINE_BOUND) {
    this.#events = events;
    this.#stamp = stampBefore;
    this.#frames = tty ? null : new FrameParser((type, bytes, start, end, skipped) => this.#frame(type, bytes, start, end, skipped));
    this.#terminal = tty ? this.#terminalLines(lineBound + ROOM_FOR_PART_STAMPS) : null;
  }

  push(chunk: Buffer): void {
    if (this.#frames) this.#frames.push(chunk);
    else this.#terminal!.push(chunk);
  }

  /** The container has ended: what a terminal printed last without a line end is an entry too. */
  finish(): void {
    this.#terminal?.finish();
  }

  #frame(type: FrameType, bytes: Buffer, start: number, end: number, skipped: number): void {
    if (type === 3) this.#events.engineSays(bytes.toString('utf8', start, end).trim());
    else this.#emit(type, bytes, start, end, skipped);
  }

  #terminalLines(bound: number): WholeLines {
    return new WholeLines(
      bound,
      (bytes, start, end) => {
        for (let at = start; at < end; ) {
          const next = Math.min(endOfLine(bytes, at, end) + 1, end);
          this.#emit(1, bytes, at, next, 0);
          at = next;
        }
      },
      (kept, skipped) => this.#emit(1, Buffer.concat([kept, LINE_END]), 0, kept.length + 1, skipped),
    );
  }

  #emit(stream: 1 | 2, bytes: Buffer, start: number, end: number, skipped: number): void {
    const entry = this.#entry;
    entry.start = this.#readStamp(bytes, start, end);
    const key = entryKey(stream, bytes, start, end);
    entry.ordinal = this.#ordinals.next(stream, this.#stamp, key);
    entry.key = ordinalKey(key, entry.ordinal + skipped);
    entry.stream = stream;
    entry.stamp = this.#stamp;
    entry.bytes = bytes;
    entry.end = end;
    entry.skipped = skipped;
    this.#events.entry(entry);
  }

  /** Where the content starts. An entry without a timestamp keeps the one before it. */
  #readStamp(bytes: Buffer, start: number, end: number): number {
    const usual = start + STAMP_LENGTH;
    if (usual < end && bytes[usual] === SPACE && bytes[usual - 1] === LETTER_Z) {
      if (this.#stamps.read(bytes, start)) {
        this.#stamp = bytes.toString('latin1', start, usual);
        return usual + 1;
      }
    }
    const space = bytes.subarray(start, Math.min(end, start + LONGEST_PREFIX)).indexOf(SPACE);
    const stamp = space === -1 ? null : toStamp(bytes.toString('latin1', start, start + space));
    if (stamp === null) return start;
    this.#stamp = stamp;
    return start + space + 1;
  }
}

const LINE_END = Buffer.from('\n');

/** A copy that outlives the call. */
export function keep(entry: Entry): Entry {
  const bytes = Buffer.from(entry.bytes.subarray(entry.start, entry.end));
  return { ...entry, bytes, start: 0, end: bytes.length };
}

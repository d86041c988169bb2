import type { LogLine } from '../words.ts';
import { clean } from './clean.ts';
import { withoutComposePrefix } from './compose-prefix.ts';
import { QUIET, type Sought, TO_BE_DECODED } from './glance.ts';
import { DEFAULT_LINE_BOUND, bounded, endOfLastCharacter } from './lines.ts';
import { QuietLines } from './quiet-lines.ts';
import { lineSplitter, WholeLines } from './splitter.ts';
import { STAMP_LENGTH, toStamp } from './stamp.ts';
import { Stretch } from './stretch.ts';

/** A source of bytes: a file, stdin, anything that streams. */
export type RecordingSource = AsyncIterable<Buffer | Uint8Array | string>;

export interface RecordingOptions {
  /** For messages: the file's name, `-` for stdin. Default: the container. */
  file?: string;
  /** Told about lines that are no log lines, with file and line number. Default: such a line throws. */
  complain?(problem: string): void;
  lineBound?: number;
}

/** A recording holds a line that is not `docker logs -t` output. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

/** Problems told one by one; a file of another kind would tell as many as it has lines. */
const MOST_COMPLAINTS = 5;
/** The longest timestamp, with nine decimals and an offset. */
const LONGEST_STAMP = 35;
/** A timestamp for each 16 KiB part of a long line. */
const ROOM_FOR_PART_STAMPS = 64 * (LONGEST_STAMP + 1);
/** One write to the splitter; a whole file in one chunk would be one array. */
const SLICE = 128 * 1024;

/**
 * `docker logs -t` text (`<RFC3339Nano> <line>`, any offset) to stretches of lines, one per piece read: the fast way. It is
 * the same stretch each time: read it before the next one is asked for.
 * With `sought`, only lines that hold one of its words are decoded, and signs of life are read from their bytes. A recording
 * does not tell its streams apart; all lines are `stdout`.
 */
export async function* readRecordingStretches(container: string, source: RecordingSource, options: RecordingOptions & { sought?: Sought } = {}): AsyncGenerator<Stretch> {
  const reader = new RecordingReader(container, options);
  for await (const chunk of source) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at < bytes.length; at += SLICE) {
      reader.push(bytes.subarray(at, at + SLICE));
      if (reader.read.length > 0) yield reader.read;
      reader.read.clear();
    }
  }
  reader.finish();
  if (reader.read.length > 0) yield reader.read;
}

/** The same as LogLines, every one with its text. */
export async function* readRecordingBatches(container: string, source: RecordingSource, options: RecordingOptions = {}): AsyncGenerator<LogLine[]> {
  for await (const { lines, length } of readRecordingStretches(container, source, options)) yield lines.slice(0, length) as LogLine[];
}

/** The same, line by line. */
export async function* readRecording(container: string, source: RecordingSource, options: RecordingOptions = {}): AsyncGenerator<LogLine> {
  for await (const batch of readRecordingBatches(container, source, options)) yield* batch;
}

class RecordingReader {
  readonly read = new Stretch();
  readonly #container: string;
  readonly #file: string;
  readonly #complain: ((problem: string) => void) | undefined;
  readonly #bound: number;
  readonly #whole: WholeLines;
  readonly #quiet: QuietLines | null;
  readonly #splitter = lineSplitter((line) => void this.#split.push(line));
  #split: string[] = [];
  #lineNumber = 0;
  #complaints = 0;
  /** The container of this file, where Compose has named it in front of each line. */
  #composeName: string | null = null;

  constructor(container: string, options: RecordingOptions & { sought?: Sought }) {
    this.#container = container;
    this.#file = options.file ?? container;
    this.#complain = options.complain;
    this.#bound = options.lineBound ?? DEFAULT_LINE_BOUND;
    this.#quiet = options.sought === undefined ? null : new QuietLines(options.sought, this.#bound);
    this.#whole = new WholeLines(
      this.#bound + LONGEST_STAMP + 1 + ROOM_FOR_PART_STAMPS,
      (bytes, start, end) => this.#run(bytes, start, end),
      (kept, skipped) => {
        const end = endOfLastCharacter(kept);
        this.#line(kept.toString('utf8', 0, end), skipped + kept.length - end);
      },
    );
  }

  push(bytes: Buffer): void {
    this.#whole.push(bytes);
  }

  finish(): void {
    this.#whole.finish();
    const untold = this.#complaints - MOST_COMPLAINTS;
    if (untold > 0) this.#complain?.(`${this.#file}: ${untold} more lines without a timestamp were left out`);
  }

  #run(bytes: Buffer, start: number, end: number): void {
    const sorted = this.#quiet;
    if (sorted === null) {
      for (const line of this.#linesOf(withLineEnd(bytes, start, end))) this.#line(line, 0);
      return;
    }
    const lines = sorted.sort(bytes, start, end);
    const { kinds, seconds, nanos } = sorted;
    const others = this.#linesOf(sorted.others);
    let next = 0;
    for (let i = 0; i < lines; i++) {
      const kind = kinds[i];
      if (kind === TO_BE_DECODED) {
        this.#line(others[next++]!, 0);
        continue;
      }
      this.#lineNumber++;
      if (kind === QUIET) this.read.addQuiet(seconds[i]!, nanos[i]!);
      else this.read.addSign({ container: this.#container, containerId: '', sign: kind }, seconds[i]!, nanos[i]!);
    }
  }

  #linesOf(wholeLines: Buffer): string[] {
    this.#split = [];
    if (wholeLines.length > 0) this.#splitter.write(wholeLines);
    return this.#split;
  }

  #line(line: string, skipped: number): void {
    this.#lineNumber++;
    const space = line.charCodeAt(STAMP_LENGTH) === 32 ? STAMP_LENGTH : line.slice(0, LONGEST_STAMP + 1).indexOf(' ');
    const written = space === -1 ? line.slice(0, LONGEST_STAMP + 1).trimEnd() : line.slice(0, space);
    const ts = toStamp(written);
    if (ts === null) return this.#behindPrefix(line, skipped);
    const body = bounded(space === -1 ? '' : line.slice(space + 1), written, this.#bound);
    this.read.add({ container: this.#container, containerId: '', stream: 'stdout', ts, text: clean(body.text), skippedBytes: skipped + body.skipped });
  }

  #behindPrefix(line: string, skipped: number): void {
    const { container, rest } = withoutComposePrefix(line);
    if (container === null) return this.#notALine(line, 'no timestamp at the start');
    this.#composeName ??= container;
    if (container !== this.#composeName) return this.#notALine(line, `a line of another container than the first (${this.#composeName})`);
    this.#lineNumber--; // it is the same line
    this.#line(rest, skipped);
  }

  #notALine(line: string, why: string): void {
    if (line.trim() === '') return;
    const problem = `${this.#file}:${this.#lineNumber}: ${why} ("${line.slice(0, 40)}"); a recording is made with: docker logs -t CONTAINER`;
    if (this.#complain === undefined) throw new RecordingError(problem);
    if (++this.#complaints <= MOST_COMPLAINTS) this.#complain(problem);
  }
}

/** The last line of a file may lack its end. */
function withLineEnd(bytes: Buffer, start: number, end: number): Buffer {
  const run = bytes.subarray(start, end);
  return run[run.length - 1] === 10 ? run : Buffer.concat([run, LINE_END]);
}

const LINE_END = Buffer.from('\n');

export { readHistory, readHistoryBatches } from './history.ts';
export { mergeBatchesByTime, mergeByTime, mergeStretches } from './merge.ts';

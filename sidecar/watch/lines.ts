import type { LogLine, Origin, Sign } from '../words.ts';
import { clean } from './clean.ts';
import { lineSplitter } from './splitter.ts';
import { STAMP_LENGTH } from './stamp.ts';

/** Bytes kept of one line. A presence event with its whole JSON has 2-6 KB; the rest of a longer line is skipped and counted. */
export const DEFAULT_LINE_BOUND = 256 * 1024;

/** Docker's copier cuts lines into parts of 16 KiB; three bytes become one character at the most (UTF-8 to UTF-16). */
const SHORTEST_PART = 16_384;
const FEWEST_CHARACTERS_OF_A_PART = Math.floor(SHORTEST_PART / 3);

/** The first character of a marked line names its stream. */
export const STDOUT_MARK = 0x31;
export const STDERR_MARK = 0x32;
const TEXT_AT = 1 + STAMP_LENGTH + 1;

/**
 * Marked lines (`1<stamp> text`, first character `1` stdout or `2` stderr) to LogLines: the last step of the
 * live stream.
 */
export class LineMaker {
  readonly #origin: Origin;
  readonly #bound: number;
  readonly #splitter = lineSplitter((line) => this.#line(line, 0));
  #lines: LogLine[] = [];
  #stamp = '';
  #stream: LogLine['stream'] = 'stdout';

  constructor(origin: Origin, bound = DEFAULT_LINE_BOUND) {
    this.#origin = origin;
    this.#bound = bound;
  }

  /** A line of which nobody needs the text. */
  add(stream: 1 | 2, stamp: string, sign: Sign | null): void {
    const { container, containerId } = this.#origin;
    const line: LogLine = { container, containerId, stream: stream === 1 ? 'stdout' : 'stderr', ts: stamp, text: '', skippedBytes: 0 };
    if (sign !== null) line.sign = sign;
    this.#lines.push(line);
  }

  /** Whole marked lines, each ended by `\n`. The memory may be reused afterwards. */
  write(wholeLines: Buffer): void {
    this.#splitter.write(wholeLines);
  }

  /** One marked line that is already known to have lost `skipped` bytes at its end. */
  writeCut(marked: Buffer, skipped: number): void {
    if (skipped === 0) return this.#line(marked.toString(), 0);
    const end = endOfLastCharacter(marked);
    this.#line(marked.toString('utf8', 0, end), skipped + marked.length - end);
  }

  take(): LogLine[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  #line(marked: string, skipped: number): void {
    let text = marked;
    const mark = marked.charCodeAt(0);
    // Docker ends every entry at its line end. Should a driver keep one inside, what follows it has no mark
    // and belongs to the time before.
    if ((mark === STDOUT_MARK || mark === STDERR_MARK) && marked.charCodeAt(TEXT_AT - 1) === 32 && marked.charCodeAt(TEXT_AT - 2) === 90) {
      this.#stream = mark === STDOUT_MARK ? 'stdout' : 'stderr';
      this.#stamp = marked.slice(1, 1 + STAMP_LENGTH);
      text = marked.slice(TEXT_AT);
    }
    const body = bounded(text, this.#stamp, this.#bound);
    this.#lines.push({
      container: this.#origin.container,
      containerId: this.#origin.containerId,
      stream: this.#stream,
      ts: this.#stamp,
      text: clean(body.text),
      skippedBytes: skipped + body.skipped,
    });
  }
}

/**
 * A line's text without the timestamps of its inner parts (a TTY stream and the output of `docker logs -t` hold
 * one every 16 KiB, always the line's own) and cut to `bound` bytes.
 */
export function bounded(text: string, stamp: string, bound: number): { text: string; skipped: number } {
  if (text.length <= FEWEST_CHARACTERS_OF_A_PART) return { text, skipped: 0 };
  const joined = withoutPartStamps(text, `${stamp} `);
  // A UTF-16 unit has three bytes at the most.
  if (joined.length * 3 <= bound) return { text: joined, skipped: 0 };
  const bytes = Buffer.from(joined);
  if (bytes.length <= bound) return { text: joined, skipped: 0 };
  const end = characterStart(bytes, bound);
  return { text: bytes.toString('utf8', 0, end), skipped: bytes.length - end };
}

/** Before a line is decoded: false when `bounded` would leave its text as it is. */
export function mayHoldPartStamps(bytes: Buffer, start: number, end: number, stamp: () => string): boolean {
  return end - start > FEWEST_CHARACTERS_OF_A_PART && bytes.subarray(start, end).includes(`${stamp()} `);
}

function withoutPartStamps(text: string, stamp: string): string {
  let joined = '';
  let from = 0;
  for (;;) {
    const at = text.indexOf(stamp, from + FEWEST_CHARACTERS_OF_A_PART);
    if (at === -1) return joined === '' ? text : joined + text.slice(from);
    joined += text.slice(from, at);
    from = at + stamp.length;
  }
}

/** Where the last whole character ends, for bytes that were cut anywhere. */
export function endOfLastCharacter(bytes: Buffer): number {
  const lastStart = characterStart(bytes, bytes.length - 1);
  const cut = lastStart >= 0 && lastStart + characterLength(bytes[lastStart]!) > bytes.length;
  return cut ? lastStart : bytes.length;
}

/** The start of the character that holds byte `at`. */
function characterStart(bytes: Buffer, at: number): number {
  let start = at;
  while (start > 0 && start > at - 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  return start;
}

const characterLength = (first: number): number => (first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1);

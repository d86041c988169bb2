import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync, writeSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';

/** Ten megabytes are some 80,000 lines; five of them tell a year of an ordinary stack. */
const MAX_BYTES = 10 * 1024 * 1024;
const KEPT_FILES = 5;
/** Lines held in memory while the file cannot be written. */
const HELD_LINES = 1_000;
/** What a process wrote just before it was cut off stands among these. */
const LOOKED_BACK_BYTES = 256 * 1024;
/** Anyone on the host may read the story: it is redacted. */
const FILE_MODE = 0o644;

export interface LogFileOptions {
  path: string;
  maxBytes?: number;
  /** Files beside the current one: `path.1` is the newest. */
  keep?: number;
  /** Called when writing stops working (or fails differently), and with null when it works again. */
  onTrouble?: (trouble: string | null) => void;
  /** Called once for something that is wrong but loses nothing. */
  onWarning?: (warning: string) => void;
  /** The line that stands for lines which were lost while writing did not work. */
  lossLine?: (lost: number) => string;
}

/**
 * A log file that outlives what is done to it: moved away, copied and truncated, deleted, its folder deleted, the disk
 * full. Each line is written at once and in full (`O_APPEND`), so nothing is lost with the process. Never throws.
 */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  readonly #onTrouble: (trouble: string | null) => void;
  readonly #onWarning: (warning: string) => void;
  readonly #lossLine: (lost: number) => string;
  #fd: number | null = null;
  #held: string[] = [];
  #dropped = 0;
  /** The last write stopped inside a line: the next one begins on a line of its own. */
  #torn = false;
  #trouble: string | null = null;
  #rotationFault: string | null = null;

  constructor(options: LogFileOptions) {
    this.#path = options.path;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.#keep = options.keep ?? KEPT_FILES;
    this.#onTrouble = options.onTrouble ?? (() => {});
    this.#onWarning = options.onWarning ?? (() => {});
    this.#lossLine = options.lossLine ?? ((lost) => `${lost} lines before this one could not be written`);
  }

  /** Writes the line (without its end), after those that could not be written before. */
  append(line: string): void {
    this.#held.push(line);
    this.flush();
    if (this.#held.length > HELD_LINES) this.#dropped += this.#held.splice(0, this.#held.length - HELD_LINES).length;
  }

  /** Tries again to write what is held back; also the check that the file can be written at all. */
  flush(): void {
    try {
      this.#open();
      if (this.#dropped > 0) {
        this.#write(this.#lossLine(this.#dropped));
        this.#dropped = 0;
      }
      while (this.#held.length > 0) {
        this.#write(this.#held[0]!);
        this.#held.shift();
      }
      this.#told(null);
    } catch (error) {
      this.#closeQuietly();
      this.#told(this.#explain(error as NodeJS.ErrnoException));
    }
  }

  /** The whole lines among the last bytes of the file; none where it cannot be read. */
  lastLines(): string[] {
    try {
      const fd = openSync(this.#path, 'r');
      try {
        const { size } = fstatSync(fd);
        const bytes = Buffer.alloc(Math.min(size, LOOKED_BACK_BYTES));
        const read = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
        return bytes.toString('utf8', 0, read).split('\n').slice(size > bytes.length ? 1 : 0, -1);
      } finally {
        closeSync(fd);
      }
    } catch {
      return []; // why it cannot be read is told when it cannot be written either
    }
  }

  /** Why lines cannot be written, in a sentence for the operator; null when they can. */
  trouble(): string | null {
    return this.#trouble;
  }

  close(): void {
    if (this.#held.length > 0) this.flush();
    this.#closeQuietly();
  }

  /** A stale handle of a network disk cannot even be closed; the next line opens a new one either way. */
  #closeQuietly(): void {
    const fd = this.#fd;
    this.#fd = null;
    try {
      if (fd !== null) closeSync(fd);
    } catch (error) {
      this.#onWarning(`the log file ${this.#path} could not be closed (${codeOf(error)})`);
    }
  }

  /** Opens the file that bears our name now: it may have been moved, deleted or grown too large since the last line. */
  #open(): void {
    const named = this.#named();
    if (named && !named.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'NOT_A_FILE' });
    if (this.#fd !== null && !sameFile(named, fstatSync(this.#fd))) {
      closeSync(this.#fd);
      this.#fd = null;
    }
    if (this.#fd !== null && named!.size >= this.#maxBytes) this.#rotate();
    if (this.#fd !== null) return;
    makeFolder(dirname(this.#path));
    this.#fd = openSync(this.#path, 'a', FILE_MODE);
    if (fstatSync(this.#fd).size >= this.#maxBytes) {
      this.#rotate();
      this.#fd ??= openSync(this.#path, 'a', FILE_MODE);
    }
  }

  #named(): Stats | undefined {
    return statSync(this.#path, { throwIfNoEntry: false });
  }

  /** Moves every file up by one, as far as the first free number. Where that fails the file grows on: a long log beats none. */
  #rotate(): void {
    const numbered = (n: number): string => (n === 0 ? this.#path : `${this.#path}.${n}`);
    let free = 1;
    while (free < this.#keep && statSync(numbered(free), { throwIfNoEntry: false })) free++;
    try {
      for (let n = free; n >= 1; n--) renameSync(numbered(n - 1), numbered(n));
    } catch (error) {
      const code = codeOf(error);
      if (code !== this.#rotationFault) this.#onWarning(`the log file ${this.#path} cannot be rotated (${code}) and grows on; mount its folder, not the file itself, and let this user write there`);
      this.#rotationFault = code;
      return;
    }
    this.#rotationFault = null;
    this.#closeQuietly();
  }

  #write(line: string): void {
    const bytes = Buffer.from(`${this.#torn ? '\n' : ''}${line}\n`);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd!, bytes, written);
    } finally {
      this.#torn = written > 0 ? written < bytes.length : this.#torn;
    }
  }

  #told(trouble: string | null): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#onTrouble(trouble);
  }

  #explain(error: NodeJS.ErrnoException): string {
    const todo = ADVICE[error.code ?? ''] ?? 'see the error code';
    return `the log file ${this.#path} cannot be written (${error.code ?? error.message}): ${todo}; until then its lines are on stdout only`;
  }
}

const ADVICE: Record<string, string> = {
  ENOSPC: 'the disk is full, free some space',
  EDQUOT: 'the quota is used up, free some space',
  EROFS: 'its folder is mounted read-only, mount it writable or set AUTO_FIX_LOG_FILE',
  EACCES: 'this user has no right to, change the owner of its folder or set AUTO_FIX_LOG_FILE',
  EPERM: 'this user has no right to, change the owner of its folder or set AUTO_FIX_LOG_FILE',
  ENOTDIR: 'a part of its path is no folder, set AUTO_FIX_LOG_FILE to another path',
  NOT_A_FILE: 'it is a folder or a device, set AUTO_FIX_LOG_FILE to the path of a file',
};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

const sameFile = (named: Stats | undefined, opened: Stats): boolean => named !== undefined && named.ino === opened.ino && named.dev === opened.dev;

/** Not `mkdirSync(…, { recursive: true })`: that one never returns where a folder exists that cannot hold folders (/proc, seen on Node 20 and 24). */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

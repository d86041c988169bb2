import type { Clock } from '../clock.ts';
import type { JsonOut, Level } from './json-out.ts';
import { LogFile } from './log-file.ts';
import { oneLine } from './one-line.ts';

export type { Level };

/** How the rooms say what happened. `session` is a known session's own name, or nothing. */
export type Tell = (level: Level, message: string, session?: string | null) => void;

export interface Entry {
  level: Level;
  message: string;
  session?: string | null;
  /** The message starts with `ALERT`. */
  alert?: boolean;
  /** Only in the JSON line. */
  details?: Record<string, string | number | boolean | null>;
}

export interface AuditLogOptions {
  path: string;
  clock: Clock;
  /** Takes secrets, numbers and message text out of a text: see `scrubber`. */
  clean: (text: string) => string;
  out: JsonOut;
  maxBytes?: number;
  keep?: number;
}

/** Gateways know shorter names; a longer one is a trick. */
const NAME_CHARS = 100;

/**
 * The story of the sidecar, one line per thing that happened: `[2026-02-09T10:14:03.120Z] pixel12digital: closed in 1.2 s`
 * in the log file, and the same as JSON on stdout. Nothing reaches either before it was cleaned and put on one line.
 */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #file: LogFile;
  #toldOfLostJson = false;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    const aside = (level: Level, message: string): void => this.#json(level, this.#time(), {}, message);
    this.#file = new LogFile({
      path: options.path,
      ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
      ...(options.keep === undefined ? {} : { keep: options.keep }),
      onTrouble: (trouble) => (trouble ? aside('error', trouble) : aside('info', `the log file ${options.path} is written again`)),
      onWarning: (warning) => aside('warn', warning),
      lossLine: (lost) => `[${this.#time()}] ${lost} lines before this one could not be written here; stdout had them`,
    });
    this.#file.flush();
  }

  write(entry: Entry): void {
    const time = this.#time();
    const message = this.#clean(entry.message);
    const session = entry.session ? oneLine(entry.session, NAME_CHARS) : null;
    this.#file.append(`[${time}] ${entry.alert ? 'ALERT ' : ''}${session === null ? '' : `${session}: `}${message}`);
    const details = Object.entries(entry.details ?? {}).map(([key, value]) => [key, typeof value === 'string' ? this.#clean(value) : value]);
    const fields = { ...Object.fromEntries(details), ...(session === null ? {} : { session }), ...(entry.alert ? { alert: true } : {}) };
    this.#json(entry.level, time, fields, entry.alert ? `ALERT ${message}` : message);
    if (this.#options.out.lost() > 0 && !this.#toldOfLostJson) {
      this.#toldOfLostJson = true;
      this.#file.append(`[${time}] stdout cannot be written: JSON lines are lost from here on, this file has them all`);
    }
  }

  readonly tell: Tell = (level, message, session) => this.write({ level, message, session: session ?? null });

  /** Whether the file has that line, written at or after `sinceMs` by this process or the one before it. */
  has(message: string, session: string, sinceMs: number): boolean {
    const end = `${oneLine(session, NAME_CHARS)}: ${this.#clean(message)}`;
    return this.#file.lastLines().some((line) => {
      const [, time = '', rest] = /^\[([^\]]+)\] (?:ALERT )?(.*)$/s.exec(line) ?? [];
      return rest === end && Date.parse(time) >= sinceMs;
    });
  }

  /** Why the log file cannot be written, after trying once more; null when all is written. */
  trouble(): string | null {
    this.#file.flush();
    return this.#file.trouble();
  }

  close(): void {
    this.#file.close();
  }

  #time(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }

  #clean(text: string): string {
    return oneLine(this.#options.clean(text));
  }

  #json(level: Level, time: string, fields: Record<string, unknown>, message: string): void {
    this.#options.out.line(level, time, fields, message);
  }
}

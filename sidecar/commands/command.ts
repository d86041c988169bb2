import type { ParseArgsConfig } from 'node:util';
import type { Config } from '../config.ts';

/** Exit codes that a cron can use. */
export const EXIT = { well: 0, wrong: 1, couldNotLook: 2, usage: 64 } as const;

export interface Words {
  /** Arguments that are no options. */
  args: string[];
  options: Record<string, string | boolean | (string | boolean)[] | undefined>;
}

/** Where a command prints and reads. stdout holds the answer, stderr what is said beside it. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  env: NodeJS.ProcessEnv;
  stdin: NodeJS.ReadableStream;
  /** Somebody watches: stdout is a terminal. */
  terminal?: boolean;
  /** The settings, read on first use; a bad one ends the command with its one line. */
  config(): Config;
}

export interface Command {
  /** `replay CONTAINER=FILE… [--sessions a,b]` */
  usage: string;
  /** One line for the list of verbs. */
  summary: string;
  /** What `auto-fix VERB --help` says below usage and summary. */
  help: string;
  options: NonNullable<ParseArgsConfig['options']>;
  /** Resolves with the exit code. A UsageError or SettingError it throws is shown as its sentence. */
  run(words: Words, io: Io): Promise<number>;
}

/** The call itself is wrong: shown with the verb's usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What the user asked for cannot be done: one sentence, no stack. */
export class CannotDo extends Error {
  override readonly name = 'CannotDo';
  readonly exit: number;
  constructor(message: string, exit: number = EXIT.couldNotLook) {
    super(message);
    this.exit = exit;
  }
}

export const JSON_OPTION = { json: { type: 'boolean' } } as const;

export function onlyArg(words: Words, what: string): string {
  if (words.args.length !== 1) throw new UsageError(words.args.length === 0 ? `${what} is missing` : `one ${what} is expected, not ${words.args.length}; put a name with spaces in quotes: '${words.args.join(' ').slice(0, 100)}'`);
  return words.args[0]!;
}

export const text = (words: Words, option: string): string | undefined => {
  const value = words.options[option];
  return typeof value === 'string' ? value : undefined;
};
export const flag = (words: Words, option: string): boolean => words.options[option] === true;

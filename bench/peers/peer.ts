import type { Command } from '../measure.ts';
import { TROUBLE_WORDS } from '../everyday.ts';
import { MAX_HITS, WINDOW_MS, type Verdicts } from '../cases.ts';

/** Another program that counts log lines per key and acts above a threshold, set up to find what we find. */
export interface Peer {
  name: string;
  /** Lines it gets through per second are far fewer: it is given a part of the trace, and the part is said. */
  linesAtMost: number;
  /** Reads that file to its end. `rules`: patterns it looks for, one or ten. */
  command(file: string, rules: 1 | 10): Command;
  /** The settings whose verdicts are compared: as it comes, and as it can be brought to do better. */
  /** `timeless`: its alarms carry the machine's time, so only whether it fired is judged. */
  judges: readonly { how: string; timeless?: true; command(file: string): Command }[];
  /** Session to the time (ms) of its first alarm, out of what it printed. */
  verdicts(printed: string): Verdicts;
}

export const COUNT = MAX_HITS + 1;
export const WINDOW_S = WINDOW_MS / 1000;

const FRAME = String.raw`:(?:client|browser|page|session)\] `;
/** `\[(session):browser\] one of the words$`, with the session in that group. */
export const troublePattern = (group: string, words: readonly string[] = TROUBLE_WORDS): string => String.raw`\[${group}${FRAME}(?:${words.join('|')})$`;

/** Ten patterns: the six words one by one and four that no line of the trace has. */
export const TEN: readonly string[] = [...TROUBLE_WORDS, 'Page Crashed', 'Browser Lost', 'Session Frozen', 'Phone Banned'];

/** `FIRED session … 2026-03-01T00:04:27.111` lines; the line that made it fire carries its own time. */
export function firedLines(printed: string, pattern: RegExp): Verdicts {
  const fired = new Map<string, number>();
  for (const line of printed.split('\n')) {
    const match = pattern.exec(line);
    if (match && !fired.has(match[1]!)) fired.set(match[1]!, timeOf(match[2]!));
  }
  return fired;
}

/** Seconds since the epoch, or a time in words that is UTC. */
const timeOf = (written: string): number => (/^\d+(?:\.\d+)?$/.test(written) ? Number(written) * 1000 : Date.parse(`${written.slice(0, 23)}Z`));

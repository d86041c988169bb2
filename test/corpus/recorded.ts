import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** Lines printed together, at these seconds after the start of the recording. */
export interface Printed {
  at?: readonly number[];
  /** Or: `times` times, every so many seconds, from `from` (default 0) on. */
  every?: number;
  times?: number;
  from?: number;
  /** `{n}` counts the printings, `{iso}` is their time. A recording does not tell the streams apart. */
  say: readonly string[];
}

/** What the sidecar should decide: one per session (or stranger, or nobody) and class that fires. */
export interface Right {
  session: string | null;
  class: 'corruption' | 'disconnect';
  /** Seconds after the start at which it fires first. */
  at?: number;
  /** Set where it fires and still nothing may be done, or where a replay cannot act. */
  refused?: 'unknown-session' | 'not-attributed' | 'waiting-for-human';
}

/** One recorded situation and the decisions that are right. */
export interface Case {
  name: string;
  sessions: readonly string[];
  /** Which sessions live in which container; default: all in each. */
  containers?: Record<string, readonly string[]>;
  /** Which session holds `session-<address>.json`. */
  peers?: Record<string, string>;
  log: Record<string, readonly Printed[]>;
  right: readonly Right[];
}

/** The moment every recording starts. */
export const RECORDED_FROM = Date.parse('2026-03-04T09:00:00Z');

/** Every case of the corpus, with the file it stands in. */
export function corpus(): (Case & { file: string })[] {
  const dir = fileURLToPath(new URL('.', import.meta.url));
  return readdirSync(dir).filter((name) => name.endsWith('.yaml')).sort()
    .flatMap((file) => (parse(readFileSync(dir + file, 'utf8'), { merge: true }) as Case[]).map((one) => ({ ...one, file })));
}

/** The recording of one container as `docker logs -t` prints it: `<RFC3339Nano> <line>`. */
export function recording(printed: readonly Printed[]): string {
  const lines = printed.flatMap((one) => momentsOf(one).flatMap((seconds, n) => one.say.map((text, i) => ({ seconds, order: i, text: filled(text, n, seconds) }))));
  // Sorting is stable: what is printed in the same moment stays in the order of the file.
  return lines.sort((a, b) => a.seconds - b.seconds).map(({ seconds, order, text }) => `${stamp(seconds, order)} ${text}\n`).join('');
}

function momentsOf({ at, every, times, from }: Printed): number[] {
  return at ? [...at] : Array.from({ length: times ?? 1 }, (_, n) => (from ?? 0) + n * (every ?? 0));
}

const filled = (text: string, n: number, seconds: number): string =>
  text.replaceAll('{n}', String(n)).replaceAll('{iso}', new Date(RECORDED_FROM + Math.round(seconds * 1000)).toISOString()).replaceAll('{esc}', '\u001b');

/** Lines of one printing are a microsecond apart, as a fast program's are. */
function stamp(seconds: number, order: number): string {
  const nanos = BigInt(RECORDED_FROM) * 1_000_000n + BigInt(Math.round(seconds * 1e9)) + BigInt(order) * 1_000n;
  return `${new Date(Number(nanos / 1_000_000_000n) * 1000).toISOString().slice(0, 19)}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;
}

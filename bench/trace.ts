import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { closedLine, presencePayload, serverLine, troubleLine, wrapperLine, type Source, type TraceLine } from './everyday.ts';
import { Dice } from '../test/dice.ts';

export interface TraceOptions {
  kind: 'mixed' | 'worst';
  lines: number;
  sessions: number;
  seed: number;
}

/** A trace on disk: `docker logs -t` text, one file per container for us and the same lines in one file for the peers. */
export interface Trace {
  files: Record<Source, string>;
  all: string;
  lines: number;
  hits: number;
  bytes: number;
}

/** Share of lines that count against a session. */
export const HIT_SHARE = 0.01;
/** Share of lines from gateway-wrapper; it talks more than the server behind it. */
const WRAPPER_SHARE = 0.7;
/** Event time that a trace spans: one day. */
const SPAN_MS = 24 * 3_600_000;
/** When every trace begins. */
export const BEGIN_MS = Date.UTC(2026, 2, 1);
/** Lines per write; one write per line would measure the disk. */
const BATCH = 2_000;

export const sessionNames = (count: number): string[] => Array.from({ length: count }, (_, index) => `s${String(index).padStart(5, '0')}`);

/** The lines of a trace with their times (ms), in order. */
export function* traceLines({ kind, lines, sessions, seed }: TraceOptions): Generator<TraceLine & { atMs: number }> {
  const dice = new Dice(seed);
  const names = sessionNames(sessions);
  const step = SPAN_MS / lines;
  // Exactly that many hits, spread evenly with a seeded place in each stretch.
  const stretch = Math.round(1 / HIT_SHARE);
  let hitAt = dice.between(0, stretch - 1);
  for (let index = 0; index < lines; index++) {
    const atMs = Math.floor(BEGIN_MS + index * step);
    const session = dice.one(names);
    const isHit = index % stretch === hitAt;
    if (index % stretch === stretch - 1) hitAt = dice.between(0, stretch - 1);
    yield { ...(kind === 'mixed' ? mixedLine(isHit, session, atMs, dice) : isHit ? closedLine(session) : presencePayload(session, dice)), atMs };
  }
}

function mixedLine(isHit: boolean, session: string, atMs: number, dice: Dice): TraceLine {
  if (isHit) return troubleLine(session, dice);
  const iso = new Date(atMs).toISOString();
  return dice.next() < WRAPPER_SHARE ? wrapperLine(session, iso, dice) : serverLine(session, iso, dice);
}

/** `docker logs -t` form: nanoseconds that differ for every line. */
export const withStamp = (atMs: number, index: number, text: string): string =>
  `${new Date(atMs).toISOString().slice(0, -1)}${String(index % 1_000_000).padStart(6, '0')}Z ${text}\n`;

/** Writes a trace. `prefix` is the path without an ending. */
export async function writeTrace(prefix: string, lines: Iterable<TraceLine & { atMs: number }>): Promise<Trace> {
  const trace: Trace = { files: { 'wppconnect-server': `${prefix}.server.log`, 'gateway-wrapper': `${prefix}.wrapper.log` }, all: `${prefix}.all.log`, lines: 0, hits: 0, bytes: 0 };
  const outs = { 'wppconnect-server': new Out(trace.files['wppconnect-server']), 'gateway-wrapper': new Out(trace.files['gateway-wrapper']), all: new Out(trace.all) };
  for (const line of lines) {
    const stamped = withStamp(line.atMs, trace.lines, line.text);
    outs.all.add(stamped);
    outs[line.from].add(stamped);
    trace.lines++;
    if (line.hit) trace.hits++;
    trace.bytes += Buffer.byteLength(stamped);
    if (trace.lines % BATCH === 0) for (const out of Object.values(outs)) await out.flush();
  }
  for (const out of Object.values(outs)) await out.close();
  return trace;
}

class Out {
  readonly #stream: WriteStream;
  #held: string[] = [];

  constructor(path: string) {
    this.#stream = createWriteStream(path);
  }

  add(text: string): void {
    this.#held.push(text);
  }

  async flush(): Promise<void> {
    const more = this.#stream.write(this.#held.join(''));
    this.#held = [];
    if (!more) await once(this.#stream, 'drain');
  }

  async close(): Promise<void> {
    await this.flush();
    this.#stream.end();
    await once(this.#stream, 'close');
  }
}

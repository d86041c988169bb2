import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { fromMs } from '../../../sidecar/event-time.ts';
import type { LineSource } from '../../../sidecar/stand-ins.ts';
import { clean } from '../../../sidecar/watch/clean.ts';
import { stampOfNanos } from '../../../sidecar/watch/stamp.ts';
import type { Delivery, WatchedContainer, WatchHealth } from '../../../sidecar/watch/watcher.ts';
import type { LogLine } from '../../../sidecar/words.ts';

type Stream = LogLine['stream'];

/** What gateways of this machine print, as the lines of a container: instead of the engine's streams, with our own clock for its stamps. */
export class PrintedLines implements LineSource {
  readonly #startedAt = Date.now();
  readonly #names = new Set<string>();
  readonly #early: LogLine[] = [];
  #deliver: ((delivery: Delivery) => void) | null = null;
  #newest = 0n;

  /** A stream to print into. What is printed before somebody watches is kept for them. */
  into(container: string, stream: Stream): Writable {
    this.#names.add(container);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    return new Writable({
      write: (chunk: Buffer, _, done) => {
        const lines = (rest + decoder.write(chunk)).split('\n');
        rest = lines.pop()!;
        for (const text of lines) this.#hand({ container, containerId: container, stream, ts: this.#stamp(), text: clean(text), skippedBytes: 0 });
        done();
      },
    });
  }

  watchedBy(deliver: (delivery: Delivery) => void): LineSource {
    this.#deliver = deliver;
    return this;
  }

  async start(): Promise<void> {
    for (const line of this.#early.splice(0)) this.#hand(line);
  }

  async stop(): Promise<void> {
    this.#deliver = null;
  }

  containers(): WatchedContainer[] {
    return [...this.#names].map((name) => ({
      id: name, name, containerName: name, state: 'running', running: true, paused: false, restarting: false,
      startedAt: this.#startedAt, finishedAt: null, exitCode: null, stoppedOnPurpose: false, beingReplaced: false,
    }));
  }

  health(): WatchHealth {
    return { ok: true, problem: null, engine: { reachable: true, saw: null, since: null, exitAdvised: false }, absent: [], containers: [] };
  }

  #hand(line: LogLine): void {
    if (!this.#deliver) this.#early.push(line);
    else this.#deliver({ lines: [line], cursor: { containerId: line.containerId, container: line.container, json: line.ts } });
  }

  /** Never the same twice, as the engine's. */
  #stamp(): string {
    const now = fromMs(Date.now());
    this.#newest = now > this.#newest ? now : this.#newest + 1n;
    return stampOfNanos(this.#newest);
  }
}

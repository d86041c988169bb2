import type { LogLine, Nanos, Origin } from '../words.ts';
import { Blocks, type Settled } from './blocks.ts';
import { Companions } from './companions.ts';
import type { Shape } from './envelope.ts';
import type { Pattern } from './pattern.ts';

/** What is remembered of one container's log between lines. */
export interface ContainerState {
  readonly blocks: Blocks;
  readonly companions: Companions;
  readonly speakers: Speakers;
}

/** Whose log it is, learned from frames; names of containers prove nothing. */
export class Speakers {
  #alone: string | null = null;
  #others = false;

  /** A line in the frame of that pattern's program was read. */
  heard(pattern: Pattern, shape: Shape): void {
    if (!pattern.alone) this.#others ||= shape === 'json' || shape === 'host';
    else if (shape === 'library' || pattern.class === 'activity') this.#alone ??= pattern.service;
  }

  /** The program that speaks alone here, as far as known. One framed line of another program ends that for good. */
  get alone(): string | null {
    return this.#others ? null : this.#alone;
  }
}

/** A service has one to a few containers; those that were replaced are forgotten some day. */
const MOST_CONTAINERS = 200;

/** The containers whose lines had something to say: each by itself, also where several run one service. */
export class Containers {
  readonly #states = new Map<string, ContainerState>();
  #provisional = false;

  /** True while any message anywhere waits for its other half. */
  get provisional(): boolean {
    return this.#provisional;
  }

  of({ container, containerId }: Origin): ContainerState {
    const key = containerId || container;
    let state = this.#states.get(key);
    if (!state) {
      this.#forgetOldest();
      this.#states.set(key, (state = { blocks: new Blocks(), companions: new Companions(), speakers: new Speakers() }));
    }
    return state;
  }

  noteProvisional(): void {
    this.#provisional = this.#anyPending();
  }

  /** What has waited long enough in that line's container, whose clock stands at `now`. */
  dueIn(line: LogLine, now: Nanos): Settled[] {
    return this.#settled([this.of(line)], (blocks) => blocks.due(now));
  }

  /** The same in all of them; everything with `null`. */
  due(now: Nanos | null): Settled[] {
    return this.#settled(this.#states.values(), (blocks) => blocks.due(now));
  }

  /** What nothing came in about for long enough by the clock. */
  rested(nowMs: number): Settled[] {
    return this.#settled(this.#states.values(), (blocks) => blocks.rested(nowMs));
  }

  #settled(states: Iterable<ContainerState>, ready: (blocks: Blocks) => Settled[]): Settled[] {
    if (!this.#provisional) return [];
    const settled = [...states].flatMap(({ blocks }) => ready(blocks));
    this.#provisional = this.#anyPending();
    return settled;
  }

  #forgetOldest(): void {
    if (this.#states.size < MOST_CONTAINERS) return;
    for (const [key, { blocks }] of this.#states) if (!blocks.pending) return void this.#states.delete(key);
  }

  #anyPending(): boolean {
    for (const { blocks } of this.#states.values()) if (blocks.pending) return true;
    return false;
  }
}

import type { Nanos } from '../words.ts';
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

/** The containers whose lines had something to say. */
export class Containers {
  readonly #states = new Map<string, ContainerState>();
  #provisional = false;

  /** True while any message anywhere waits for its other half. */
  get provisional(): boolean {
    return this.#provisional;
  }

  of(container: string): ContainerState {
    let state = this.#states.get(container);
    if (!state) this.#states.set(container, (state = { blocks: new Blocks(), companions: new Companions(), speakers: new Speakers() }));
    return state;
  }

  noteProvisional(): void {
    this.#provisional = this.#anyPending();
  }

  due(now: Nanos | null): Settled[] {
    if (!this.#provisional) return [];
    const settled = [...this.#states.values()].flatMap(({ blocks }) => blocks.due(now));
    this.#provisional = this.#anyPending();
    return settled;
  }

  #anyPending(): boolean {
    for (const { blocks } of this.#states.values()) if (blocks.pending) return true;
    return false;
  }
}

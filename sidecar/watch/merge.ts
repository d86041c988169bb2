import type { LogLine } from '../words.ts';
import { Stretch } from './stretch.ts';

/** Lines of one recording in its order: one, some, or a stretch of which only some have a text. */
type Piece = LogLine | LogLine[] | Stretch;

interface Head {
  next(): Promise<Stretch | null>;
  stretch: Stretch;
  at: number;
}

/**
 * Several recordings in one order, by event time, a stretch at a time. Each recording keeps its own order (its
 * lines may be microseconds out of it, as they were live); equal times come in the order of the arguments.
 * Holds one stretch per recording, and yields the same one each time: read it before the next one is asked for.
 */
export async function* mergeStretches(...recordings: AsyncIterable<Piece>[]): AsyncGenerator<Stretch> {
  const heads: Head[] = [];
  for (const recording of recordings) {
    const head: Head = { next: stretchesOf(recording), stretch: new Stretch(), at: 0 };
    if (await refill(head)) heads.push(head);
  }
  const merged = new Stretch();
  while (heads.length > 0) {
    merged.clear();
    const emptied = drawUntilOneIsEmpty(heads, merged);
    yield merged;
    if (!(await refill(emptied))) heads.splice(heads.indexOf(emptied), 1);
  }
}

/** The same for recordings of which every line has its text. */
export async function* mergeBatchesByTime(...recordings: AsyncIterable<LogLine | LogLine[]>[]): AsyncGenerator<LogLine[]> {
  for await (const { lines, length } of mergeStretches(...recordings)) yield lines.slice(0, length) as LogLine[];
}

/** The same, line by line. */
export async function* mergeByTime(...recordings: AsyncIterable<LogLine | LogLine[]>[]): AsyncGenerator<LogLine> {
  for await (const batch of mergeBatchesByTime(...recordings)) yield* batch;
}

function drawUntilOneIsEmpty(heads: readonly Head[], merged: Stretch): Head {
  for (;;) {
    let first = heads[0]!;
    for (const head of heads) if (head.stretch.isBefore(head.at, first.stretch, first.at)) first = head;
    merged.addFrom(first.stretch, first.at++);
    if (first.at === first.stretch.length) return first;
  }
}

async function refill(head: Head): Promise<boolean> {
  const stretch = await head.next();
  head.stretch = stretch ?? new Stretch();
  head.at = 0;
  return stretch !== null;
}

function stretchesOf(recording: AsyncIterable<Piece>): () => Promise<Stretch | null> {
  const iterator = recording[Symbol.asyncIterator]();
  return async () => {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done) return null;
      const stretch = value instanceof Stretch ? value : Stretch.of(Array.isArray(value) ? value : [value]);
      if (stretch.length > 0) return stretch;
    }
  };
}

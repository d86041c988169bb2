import type { LogLine } from '../words.ts';

interface Head {
  next(): Promise<LogLine[] | null>;
  batch: LogLine[];
  at: number;
}

/**
 * Several recordings in one order, by event time, an array at a time. Each recording keeps its own order (its
 * lines may be microseconds out of it, as they were live); equal times come in the order of the arguments.
 * Holds one batch per recording.
 */
export async function* mergeBatchesByTime(...recordings: AsyncIterable<LogLine | LogLine[]>[]): AsyncGenerator<LogLine[]> {
  const heads: Head[] = [];
  for (const recording of recordings) {
    const head: Head = { next: batchesOf(recording), batch: [], at: 0 };
    if (await refill(head)) heads.push(head);
  }
  while (heads.length > 0) {
    const merged: LogLine[] = [];
    const emptied = drawUntilOneIsEmpty(heads, merged);
    yield merged;
    if (!(await refill(emptied))) heads.splice(heads.indexOf(emptied), 1);
  }
}

/** The same, line by line. */
export async function* mergeByTime(...recordings: AsyncIterable<LogLine | LogLine[]>[]): AsyncGenerator<LogLine> {
  for await (const batch of mergeBatchesByTime(...recordings)) yield* batch;
}

function drawUntilOneIsEmpty(heads: readonly Head[], merged: LogLine[]): Head {
  for (;;) {
    let first = heads[0]!;
    for (const head of heads) if (head.batch[head.at]!.ts < first.batch[first.at]!.ts) first = head;
    merged.push(first.batch[first.at++]!);
    if (first.at === first.batch.length) return first;
  }
}

async function refill(head: Head): Promise<boolean> {
  const batch = await head.next();
  head.batch = batch ?? [];
  head.at = 0;
  return batch !== null;
}

function batchesOf(recording: AsyncIterable<LogLine | LogLine[]>): () => Promise<LogLine[] | null> {
  const iterator = recording[Symbol.asyncIterator]();
  return async () => {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done) return null;
      const batch = Array.isArray(value) ? value : [value];
      if (batch.length > 0) return batch;
    }
  };
}

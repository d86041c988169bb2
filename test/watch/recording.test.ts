import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../sidecar/words.ts';
import { RecordingError, mergeByTime, readRecording, readRecordingBatches } from '../../sidecar/watch/recording.ts';
import { chop, stamp } from './bytes.ts';

async function* from(...chunks: (Buffer | string)[]): AsyncGenerator<Buffer | string> {
  yield* chunks;
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

const read = (...chunks: (Buffer | string)[]) => all(readRecording('gateway-wrapper', from(...chunks)));

describe('a recording made with docker logs -t', () => {
  it('gives the lines of the live stream: time, text, cleaned', async () => {
    const lines = await read(`${stamp(1)} \u001b[32minfo\u001b[39m: ready\r\n${stamp(2)} \n${stamp(3)} last without an end`);
    expect(lines.map((line) => [line.container, line.containerId, line.ts, line.text])).toEqual([
      ['gateway-wrapper', '', stamp(1), 'info: ready'],
      ['gateway-wrapper', '', stamp(2), ''],
      ['gateway-wrapper', '', stamp(3), 'last without an end'],
    ]);
  });

  it('may be written with fewer decimals and with the offset podman uses', async () => {
    const lines = await read('2026-02-09T10:14:03Z a\n2026-02-09T10:14:03.12Z b\n2026-02-09T07:14:03.5-03:00 c\n');
    expect(lines.map((line) => line.ts)).toEqual(['2026-02-09T10:14:03.000000000Z', '2026-02-09T10:14:03.120000000Z', '2026-02-09T10:14:03.500000000Z']);
  });

  it('gives the same lines however it is cut, inside characters and timestamps too', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((s) => !/[\n\r\u001b\u009b]/.test(s));
    await fc.assert(fc.asyncProperty(fc.array(text, { maxLength: 12 }), fc.array(fc.nat(2_000), { maxLength: 20 }), async (texts, cuts) => {
      const bytes = Buffer.from(texts.map((t, i) => `${stamp(i)} ${t}\n`).join(''));
      const lines = await read(...chop(bytes, cuts));
      expect(lines.map((line) => line.text)).toEqual(texts);
    }));
  });

  it('joins the parts of a long line, whose timestamps stand inside', async () => {
    const part = 'p'.repeat(16_384);
    const [line, next] = await read(`${stamp(1)} ${part}${stamp(1)} ${part}${stamp(1)} end\n${stamp(2)} next\n`);
    expect([line!.text, line!.skippedBytes, next!.text]).toEqual([`${part}${part}end`, 0, 'next']);
  });

  it('holds a line of 50 MB in bounded memory and counts what was skipped', async () => {
    async function* huge() {
      yield `${stamp(1)} `;
      for (let i = 0; i < 500; i++) yield Buffer.alloc(100_000, 'y');
      yield `\n${stamp(2)} next\n`;
    }
    const lines = await all(readRecording('c', huge()));
    expect(lines.map((line) => [line.text.length, line.text.length + line.skippedBytes])).toEqual([[262_144, 50_000_000], [4, 4]]);
  });

  it('tells file and line of what has no timestamp, and goes on', async () => {
    const told: string[] = [];
    const source = from(`${stamp(1)} a\nno time here\n\n${stamp(2)} b\n`);
    const lines = await all(readRecording('c', source, { file: 'logs/day.log', complain: (problem) => told.push(problem) }));
    expect(lines.map((line) => line.text)).toEqual(['a', 'b']);
    expect(told).toEqual(['logs/day.log:2: no timestamp at the start ("no time here"); a recording is made with: docker logs -t CONTAINER']);
  });

  it('of another kind is told a few times, then counted', async () => {
    const told: string[] = [];
    await all(readRecording('c', from('x\n'.repeat(100)), { complain: (problem) => told.push(problem) }));
    expect(told).toHaveLength(6);
    expect(told.at(-1)).toBe('c: 95 more lines without a timestamp were left out');
  });

  it('without anybody to tell stops at such a line', async () => {
    await expect(read('2026-13-40T99:00:00Z a\n')).rejects.toThrow(RecordingError);
  });

  it('is read in batches, one per piece', async () => {
    const batches = await all(readRecordingBatches('c', from(`${stamp(1)} a\n${stamp(2)} b\n${stamp(3)} `, 'c\n')));
    expect(batches.map((batch) => batch.map((line) => line.text))).toEqual([['a', 'b'], ['c']]);
  });
});

describe('several recordings', () => {
  const lines = (container: string, times: number[]) => from(times.map((t) => `${stamp(t)} ${container}${t}\n`).join(''));

  it('come in one order by time, equal times in the order of the files', async () => {
    const merged = await all(mergeByTime(readRecording('a', lines('a', [1, 3, 3, 9])), readRecordingBatches('b', lines('b', [2, 3, 10])), readRecording('c', from())));
    expect(merged.map((line) => line.text)).toEqual(['a1', 'b2', 'a3', 'a3', 'b3', 'a9', 'b10']);
  });

  it('of any sizes keep every line', async () => {
    const times = fc.array(fc.nat(50), { maxLength: 20 }).map((list) => list.sort((x, y) => x - y));
    await fc.assert(fc.asyncProperty(fc.array(times, { maxLength: 5 }), async (files) => {
      const merged: LogLine[] = await all(mergeByTime(...files.map((list, i) => readRecording(`f${i}-`, lines(`f${i}-`, list)))));
      expect(merged.map((line) => line.ts)).toEqual(files.flat().sort((x, y) => x - y).map(stamp));
    }));
  });
});

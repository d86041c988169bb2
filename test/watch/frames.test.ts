import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameError, FrameParser } from '../../sidecar/watch/frames.ts';
import { chop, frame } from './bytes.ts';

type Seen = [number, string, number];

function parse(chunks: Buffer[]): { seen: Seen[]; atBoundary: boolean } {
  const seen: Seen[] = [];
  const parser = new FrameParser((type, bytes, start, end, skipped) => seen.push([type, bytes.toString('latin1', start, end), skipped]));
  for (const chunk of chunks) parser.push(chunk);
  return { seen, atBoundary: parser.atBoundary };
}

const anyFrame = fc.tuple(fc.constantFrom(1, 2, 3), fc.uint8Array({ maxLength: 200 }));

describe('frames of the engine', () => {
  it('give the same payloads however the bytes are cut', () => {
    fc.assert(fc.property(fc.array(anyFrame, { maxLength: 20 }), fc.array(fc.nat(5_000), { maxLength: 30 }), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(([type, payload]) => frame(type, Buffer.from(payload))));
      const expected = frames.map(([type, payload]): Seen => [type, Buffer.from(payload).toString('latin1'), 0]);
      expect(parse(chop(bytes, cuts))).toEqual({ seen: expected, atBoundary: true });
    }));
  });

  it('arrive byte by byte', () => {
    const bytes = Buffer.concat([frame(1, 'one\n'), frame(2, ''), frame(2, 'two\n')]);
    expect(parse([...bytes].map((byte) => Buffer.from([byte]))).seen).toEqual([[1, 'one\n', 0], [2, '', 0], [2, 'two\n', 0]]);
  });

  it('go on after a type-3 frame, which engine 20.10 sends when it could not read a log', () => {
    const { seen } = parse([Buffer.concat([frame(1, 'before\n'), frame(3, 'Error grabbing logs: EOF\n'), frame(1, 'after\n')])]);
    expect(seen.map(([type]) => type)).toEqual([1, 3, 1]);
  });

  it('cut in the middle leave the parser inside a frame', () => {
    expect(parse([frame(1, 'whole\n'), frame(1, 'half of it').subarray(0, 12)])).toEqual({ seen: [[1, 'whole\n', 0]], atBoundary: false });
  });

  it('of more than 1 MiB are kept up to there, and the rest is counted', () => {
    const bytes = frame(1, Buffer.alloc(3 * 1024 * 1024, 'x'));
    const { seen } = parse(chop(bytes, [70_000, 900_000, 2_000_000]));
    expect(seen.map(([, text, skipped]) => [text.length, skipped])).toEqual([[1024 * 1024, 2 * 1024 * 1024]]);
  });

  it('that are none stop the reading instead of becoming lines', () => {
    expect(() => parse([Buffer.from('plain terminal text\r\n')])).toThrow(FrameError);
  });

  it('by the hundred thousand in one chunk need no recursion', () => {
    const one = frame(1, '\n');
    expect(parse([Buffer.concat(Array.from({ length: 200_000 }, () => one))]).seen).toHaveLength(200_000);
  });
});

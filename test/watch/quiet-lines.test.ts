import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEventTime } from '../../sidecar/event-time.ts';
import { readPieces } from '../../sidecar/watch/recording-file.ts';
import { readRecordingStretches } from '../../sidecar/watch/recording.ts';
import { StampReader } from '../../sidecar/watch/stamp-reader.ts';
import { toStamp } from '../../sidecar/watch/stamp.ts';
import { Stretch } from '../../sidecar/watch/stretch.ts';
import type { LogLine } from '../../sidecar/words.ts';
import { chop, stamp } from './bytes.ts';

const WORDS = ['Bad MAC', 'Page Closed', 'conexão'];
const texts = fc.array(fc.constantFrom('Bad', ' MAC', 'Page', ' Closed', 'conex', 'ão', 'ok ', '\u001b[31m', '\u001b[39m', '\u001b]0;x\u0007', '\r', '😀', '\ufffd', 'x'.repeat(6_000)), { maxLength: 7 }).map((pieces) => pieces.join(''));
const times = fc.oneof(
  { weight: 6, arbitrary: fc.nat(5_000_000_000).map((nanos) => stamp(nanos)) },
  { weight: 1, arbitrary: fc.constantFrom('2026-03-01T00:00:00Z', '2026-02-28T21:00:01.5-03:00', '2026-03-01T00:00:02.1234+03:00', '2026-13-01T00:00:00.000000000Z', 'no time', '', '2026-03-01T00:00:60.000000000Z') },
);

async function* from(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

async function read(chunks: readonly Buffer[], lineBound: number, words?: readonly string[]) {
  const told: string[] = [];
  const all = new Stretch();
  for await (const stretch of readRecordingStretches('c', from(chunks), { lineBound, complain: (problem) => told.push(problem), ...(words === undefined ? {} : { sought: { words, signs: null } }) }))
    for (let i = 0; i < stretch.length; i++) all.addFrom(stretch, i);
  return { all, told };
}

describe('a recording read for some words only', () => {
  it('has the same lines, times and complaints, and decodes at least those with a word, however it is cut', async () => {
    const log = fc.tuple(fc.array(fc.tuple(times, texts), { maxLength: 14 }), fc.boolean());
    await fc.assert(fc.asyncProperty(log, fc.array(fc.nat(60_000), { maxLength: 8 }), fc.constantFrom(12, 256 * 1024), async ([lines, ended], cuts, bound) => {
      const bytes = Buffer.from(lines.map(([time, text]) => `${time} ${text}`).join('\n') + (ended ? '\n' : ''));
      const whole = await read(chop(bytes, cuts), bound);
      const sieved = await read(chop(bytes, cuts), bound, WORDS);
      expect(sieved.told).toEqual(whole.told);
      expect([sieved.all.seconds, sieved.all.nanos]).toEqual([whole.all.seconds, whole.all.nanos]);
      sieved.all.lines.forEach((line, i) => {
        const full = whole.all.lines[i] as LogLine;
        if (line !== null || WORDS.some((word) => full.text.includes(word)) || full.skippedBytes > 0) expect(line).toEqual(full);
      });
    }), { numRuns: 500 });
  });

  it('decodes nothing else of everyday lines, colours included', async () => {
    const bytes = Buffer.from(`${stamp(1)} \u001b[32minfo\u001b[39m: all is well\r\n${stamp(2)} \u001b[31mBad\u001b[39m MAC\n${stamp(3)} quiet\n`);
    expect((await read([bytes], 256 * 1024, WORDS)).all.lines.map((line) => (line as LogLine | null)?.text ?? null)).toEqual([null, 'Bad MAC', null]);
  });

  it('reads signs of life where they are sought', async () => {
    const signs = { read: (bytes: Buffer, start: number) => (bytes.toString('utf8', start).startsWith('alive') ? { spelled: 'loja1', event: 'onack' } : null) };
    const bytes = Buffer.from(`${stamp(1)} alive\n${stamp(2)} \u001b[31malive\u001b[39m\n${stamp(3)} \u001b[31mBad\u001b[39m MAC\n${stamp(4)} alive`);
    const all = new Stretch();
    for await (const stretch of readRecordingStretches('c', from([bytes]), { sought: { words: WORDS, signs } })) for (let i = 0; i < stretch.length; i++) all.addFrom(stretch, i);
    const sign = { container: 'c', containerId: '', sign: { spelled: 'loja1', event: 'onack' } };
    expect(all.lines).toEqual([sign, null, expect.objectContaining({ text: 'Bad MAC' }), sign]);
    expect(all.nanos).toEqual([1, 2, 3, 4]);
  });
});

describe('a timestamp read from bytes', () => {
  it('is read when it is in the engine\'s own form, and is then the time its text means', () => {
    const digit = fc.constantFrom(...'0123456789');
    const near = fc.tuple(fc.constantFrom('2026-03-01T00:00:0', '2026-12-31T23:59:5', '2026-02-29T25:61:0', '1969-01-01T00:00:0', '2026-03-01 00:00:0'), digit, fc.constantFrom('.', ','), fc.array(fc.oneof({ weight: 30, arbitrary: digit }, { weight: 1, arbitrary: fc.constantFrom(' ', ':', 'é') }), { minLength: 9, maxLength: 9 }), fc.constantFrom('Z', 'Z', 'Z', 'z', ' '));
    const reader = new StampReader();
    fc.assert(fc.property(near, ([day, second, dot, decimals, zone]) => {
      const written = `${day}${second}${dot}${decimals.join('')}${zone}`;
      const bytes = Buffer.from(`##${written} text`);
      const canonical = written.length === 30 && toStamp(written) === written;
      expect(reader.read(bytes, 2)).toBe(canonical);
      if (canonical) expect(BigInt(reader.second) * 1_000_000_000n + BigInt(reader.nanos)).toBe(parseEventTime(written));
    }), { numRuns: 3_000 });
  });
});

describe('the pieces of a file', () => {
  it('are its bytes, whatever its size', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pieces-'));
    try {
      for (const size of [0, 1, 256 * 1024, 256 * 1024 + 1, 700_000]) {
        const written = Buffer.from(Array.from({ length: size }, (_, i) => (i * 31) & 0xff));
        writeFileSync(join(folder, 'file'), written);
        const read: Buffer[] = [];
        for await (const piece of await readPieces(join(folder, 'file'))) read.push(Buffer.from(piece));
        expect(Buffer.concat(read).equals(written)).toBe(true);
      }
      await expect(readPieces(folder)).rejects.toThrow('EISDIR');
      await expect(readPieces(join(folder, 'none'))).rejects.toThrow('ENOENT');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

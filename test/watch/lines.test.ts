import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../sidecar/clock.ts';
import { clean } from '../../sidecar/watch/clean.ts';
import { LineMaker } from '../../sidecar/watch/lines.ts';
import { Parts } from '../../sidecar/watch/parts.ts';
import { Reading } from '../../sidecar/watch/reading.ts';
import { chop, frame, stamp } from './bytes.ts';

const unwatched = { opened: () => undefined, closed: () => undefined };
const START = 1_772_000_000_000;

function read(chunks: Buffer[], { tty = false, bound = 256 * 1024, ended = true } = {}) {
  const parts = new Parts(new LineMaker({ container: 'wppconnect-server', containerId: 'c1' }, bound), new VirtualClock(START), unwatched, bound);
  const said: string[] = [];
  const reading = new Reading(tty, stamp(0), {
    entry: (entry) => parts.accept(entry.stream, entry.stamp, entry.bytes, entry.start, entry.end, entry.skipped),
    engineSays: (message) => said.push(message),
  }, bound);
  for (const chunk of chunks) reading.push(chunk);
  if (ended) {
    reading.finish();
    parts.closeAll();
  }
  return { lines: parts.take(), said };
}

const texts = (chunks: Buffer[], options = {}) => read(chunks, options).lines.map((line) => line.text);
const entry = (type: number, at: number, content: Buffer | string) => frame(type, Buffer.concat([Buffer.from(`${stamp(at)} `), Buffer.from(content as string)]));

describe('lines of a log', () => {
  it('carry stream, container and the time the engine wrote', () => {
    const { lines } = read([Buffer.concat([entry(1, 120_000_000, 'Started Session: lojinha\n'), entry(2, 121_000_001, 'Bad MAC\n')])]);
    expect(lines).toEqual([
      { container: 'wppconnect-server', containerId: 'c1', stream: 'stdout', ts: '2026-03-01T00:00:00.120000000Z', text: 'Started Session: lojinha', skippedBytes: 0 },
      { container: 'wppconnect-server', containerId: 'c1', stream: 'stderr', ts: '2026-03-01T00:00:00.121000001Z', text: 'Bad MAC', skippedBytes: 0 },
    ]);
  });

  it('are the same for any cutting of any bytes', () => {
    const content = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 10)));
    const log = fc.array(fc.tuple(fc.constantFrom(1, 2), content), { maxLength: 15 });
    fc.assert(fc.property(log, fc.array(fc.nat(3_000), { maxLength: 25 }), fc.boolean(), (entries, cuts, tty) => {
      const bytes = Buffer.concat(entries.map(([type, text], i) => {
        const line = Buffer.concat([text, Buffer.from('\n')]);
        return tty ? Buffer.concat([Buffer.from(`${stamp(i)} `), line]) : entry(type, i, line);
      }));
      const expected = entries.map(([, text]) => clean(text.toString()));
      expect(texts(chop(bytes, cuts), { tty })).toEqual(expected);
    }));
  });

  it('of 16 KiB parts are joined, with both streams interleaved', () => {
    const a = 'a'.repeat(16_384);
    const b = 'b'.repeat(16_384);
    const bytes = Buffer.concat([entry(1, 1, a), entry(2, 2, b), entry(1, 1, a), entry(2, 2, 'end\n'), entry(1, 1, 'tail\n'), entry(1, 3, 'next\n')]);
    expect(texts([bytes])).toEqual([`${b}end`, `${a}${a}tail`, 'next']);
  });

  it('whose last part has no end (engine 20.10, driver local) close at the next time of that stream', () => {
    const bytes = Buffer.concat([entry(1, 1, 'x'.repeat(16_384)), entry(1, 1, 'end'), entry(1, 2, 'next\n')]);
    expect(texts([bytes])).toEqual([`${'x'.repeat(16_384)}end`, 'next']);
  });

  it('with a part longer than 16,384 bytes (an invalid byte became three) are joined all the same', () => {
    const grown = Buffer.concat([Buffer.alloc(16_383, 'x'), Buffer.from('\ufffd')]);
    expect(texts([Buffer.concat([entry(1, 1, grown), entry(1, 1, 'end\n')])])).toEqual([`${grown.toString()}end`]);
  });

  it('of a terminal lose the timestamps of their parts and the carriage return', () => {
    const part = 'p'.repeat(16_384);
    const bytes = Buffer.from(`${stamp(5)} ${part}${stamp(5)} ${part}${stamp(5)} end\r\n${stamp(6)} next\r\n`);
    expect(texts([bytes], { tty: true })).toEqual([`${part}${part}end`, 'next']);
  });

  it('of a terminal that asks and waits appear once the container has ended', () => {
    const bytes = Buffer.from(`${stamp(5)} Password: `);
    expect(texts([bytes], { tty: true, ended: false })).toEqual([]);
    expect(texts([bytes], { tty: true })).toEqual(['Password: ']);
  });

  it('longer than the bound keep their beginning and count the rest, in bytes', () => {
    const parts = Array.from({ length: 40 }, () => entry(1, 1, 'é'.repeat(8_192)));
    const { lines } = read([Buffer.concat([...parts, entry(1, 1, 'end\n'), entry(1, 2, 'next\n')])], { bound: 100_001 });
    expect(lines.map((line) => [Buffer.byteLength(line.text), line.skippedBytes])).toEqual([[100_000, 40 * 16_384 + 3 - 100_000], [4, 0]]);
  });

  it('of 50 MB hold no more memory than the bound', () => {
    const maker = new LineMaker({ container: 'c', containerId: '' });
    const parts = new Parts(maker, new VirtualClock(START), unwatched);
    const part = Buffer.alloc(16_384, 'x');
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 3_200; i++) parts.accept(1, stamp(1), part, 0, part.length, 0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * 1024 * 1024);
    parts.accept(1, stamp(1), Buffer.from('\n'), 0, 1, 0);
    expect(parts.take().map((line) => [line.text.length, line.skippedBytes])).toEqual([[262_144, 3_200 * 16_384 - 262_144]]);
  });

  it('keep NUL and show invalid bytes as U+FFFD', () => {
    expect(texts([entry(1, 1, Buffer.from([0x61, 0, 0xff, 0x62, 10]))])).toEqual(['a\0\ufffdb']);
  });

  it('that are empty stay lines', () => {
    expect(texts([Buffer.concat([entry(1, 1, '\n'), entry(1, 2, '\n')])])).toEqual(['', '']);
  });

  it('with podman times (offset, few decimals) are brought to UTC with nine decimals', () => {
    const bytes = frame(1, '2026-02-28T21:00:00.5-03:00 hello\n');
    expect(read([bytes]).lines.map((line) => [line.ts, line.text])).toEqual([['2026-03-01T00:00:00.500000000Z', 'hello']]);
  });

  it('without a time of their own get the one before and stay whole', () => {
    expect(read([Buffer.concat([entry(1, 7, 'a\n'), frame(1, 'no time here\n')])]).lines.map((line) => [line.ts, line.text])).toEqual([[stamp(7), 'a'], [stamp(7), 'no time here']]);
  });

  it('are not made of the engine\'s own complaints', () => {
    const { lines, said } = read([Buffer.concat([frame(3, 'Error grabbing logs: unexpected EOF\n'), entry(1, 1, 'a\n')])]);
    expect([lines.map((line) => line.text), said]).toEqual([['a'], ['Error grabbing logs: unexpected EOF']]);
  });
});

describe('a line under way', () => {
  it('is handed on after 5 s without its end', () => {
    const clock = new VirtualClock(START);
    const parts = new Parts(new LineMaker({ container: 'c', containerId: '' }), clock, unwatched);
    parts.accept(1, stamp(1), Buffer.from('half'), 0, 4, 0);
    parts.closeIdle();
    expect(parts.take()).toEqual([]);
    void clock.moveTo(START + 5_000);
    return clock.moveTo(START + 5_000).then(() => {
      parts.closeIdle();
      expect(parts.take().map((line) => line.text)).toEqual(['half']);
    });
  });

  it('that never ends is handed on after 20,000 parts, and its rest is counted, not a line', () => {
    const parts = new Parts(new LineMaker({ container: 'c', containerId: '' }, 10), new VirtualClock(START), unwatched, 10);
    for (let i = 0; i < 20_005; i++) parts.accept(1, stamp(1), Buffer.from('xx'), 0, 2, 0);
    parts.accept(1, stamp(1), Buffer.from('\n'), 0, 1, 0);
    parts.accept(1, stamp(2), Buffer.from('next\n'), 0, 5, 0);
    expect(parts.take().map((line) => line.skippedBytes)).toEqual([39_990, 0]);
    expect(parts.skippedLate).toBe(10);
  });
});

describe('cleaning', () => {
  it.each([
    ['colours', '\u001b[32minfo\u001b[39m:     [s1:browser] Using', 'info:     [s1:browser] Using'],
    ['cursor moves and erasing', 'a\u001b[2K\u001b[1Gb', 'ab'],
    ['a title with its bell', '\u001b]0;title\u0007text', 'text'],
    ['a link with its terminator', '\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\', 'text'],
    ['a one-character CSI', '\u009b31mred', 'red'],
    ['a character set', '\u001b(Btext', 'text'],
    ['a sequence cut off at the end', 'text\u001b[3', 'text'],
    ['a lone escape at the end', 'text\u001b', 'text'],
    ['carriage returns', 'a\rb\r', 'ab'],
    ['nothing where there is nothing', 'Pixel12 Digital: [ok] 5m', 'Pixel12 Digital: [ok] 5m'],
  ])('removes %s', (_what, printed, expected) => {
    expect(clean(printed)).toBe(expected);
  });

  it('keeps what follows a title that never ends', () => {
    expect(clean('\u001b]0;never Bad MAC')).toContain('Bad MAC');
  });

  it('never leaves an escape of a real sequence, and never touches text without one', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      fc.pre(!/[\u001b\u009b\r]/.test(text));
      expect(clean(text)).toBe(text);
      expect(clean(`\u001b[1;31m${text}\u001b[0m\r`)).toBe(text);
    }));
  });
});

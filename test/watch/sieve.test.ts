import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../sidecar/clock.ts';
import { clean } from '../../sidecar/watch/clean.ts';
import { Glance, type Sought } from '../../sidecar/watch/glance.ts';
import { LineMaker } from '../../sidecar/watch/lines.ts';
import { Parts } from '../../sidecar/watch/parts.ts';
import { Reading } from '../../sidecar/watch/reading.ts';
import { Sieve } from '../../sidecar/watch/sieve.ts';
import { undress } from '../../sidecar/watch/undress.ts';
import { seeded } from '../dice.ts';
import { hostileLine } from '../detect/hostile.ts';
import { PATTERNS } from '../detect/stage.ts';
import { chop, frame, stamp } from './bytes.ts';

const WORDS = ['"open"', '"close"', 'Bad MAC', 'Page Closed', 'conexão', 'Started Session: '];
/** Words, pieces of words, everything that terminals understand, and bytes that are no text. */
const scraps = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 4, arbitrary: fc.constantFrom('"op', 'en"', 'Bad', ' MAC', 'Page', ' Clo', 'sed', 'conex', 'ão', '"', 'B', 'P') },
  { weight: 4, arbitrary: fc.constantFrom('\r', '\u001b[31m', '\u001b[39m', '\u001b[1;2;3m', '\u001b[2K', '\u001b[', '\u001b', '\u001b]0;title\u0007', '\u001b(B', '\u009b31m', '\u001b[3\u0001', '\u001bP x\u001b\\', '\u001b[?25 q') },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
).map((text) => Buffer.from(text));
const bytes = fc.oneof({ weight: 9, arbitrary: scraps }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }).map((raw) => Buffer.from(raw)) });
const line = fc.array(bytes, { maxLength: 12 }).map((pieces) => Buffer.from(Buffer.concat(pieces).filter((byte) => byte !== 10)));

const holds = (text: string, words: readonly string[]): boolean => words.some((word) => text.includes(word));
/** Nothing in it could be a terminal's. */
const isPlain = (raw: Buffer): boolean => ![0x1b, 0x0d, 0x9b].some((byte) => raw.includes(byte));
/** Asked about a line that stands among others. A quiet one must end where it ends. */
function catches(sieve: Sieve, raw: Buffer, before = '', behind = ''): boolean {
  const piece = Buffer.concat([Buffer.from(before), raw, Buffer.from(`\n${behind}`)]);
  const end = sieve.endOfQuiet(piece, before.length, piece.length);
  if (end !== -1) expect(end).toBe(before.length + raw.length);
  return end === -1;
}

describe('a sieve', () => {
  it('catches every line whose text holds a word, wherever colours and other sequences stand in it', () => {
    const sieve = new Sieve(WORDS);
    fc.assert(fc.property(line, fc.nat(9), fc.nat(9), (raw, before, behind) => {
      const caught = catches(sieve, raw, '"open"\n"open"'.slice(0, before), '"open"\n"open"'.slice(0, behind));
      const wanted = holds(clean(raw.toString()), WORDS);
      expect(caught || !wanted).toBe(true);
      if (isPlain(raw)) expect(caught).toBe(wanted);
    }), { numRuns: 3_000 });
  });

  it('catches nothing else of plain text, for any words', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '"'), minLength: 1, maxLength: 7 });
    fc.assert(fc.property(fc.array(letters, { minLength: 1, maxLength: 6 }), fc.string({ unit: fc.constantFrom('a', 'b', 'é', '"'), maxLength: 60 }), (words, text) => {
      const raw = Buffer.from(text);
      const searchable = words.every((word) => Buffer.byteLength(word) > 2);
      expect(catches(new Sieve(words), raw, 'aab', 'abé')).toBe(searchable ? holds(text, words) : true);
    }), { numRuns: 2_000 });
  });

  it('of words that no bytes stand for catches everything, and without words nothing', () => {
    const raw = Buffer.from('anything at all');
    expect([catches(new Sieve(['a\ufffdb']), raw), catches(new Sieve([]), raw)]).toEqual([true, false]);
  });

  it('with the words of all patterns catches what a prefilter of text would, on hostile chat', () => {
    const words = PATTERNS.flatMap((pattern) => pattern.literals);
    const sieve = new Sieve(words);
    const random = seeded(20_260_301);
    const different = Array.from({ length: 20_000 }, () => hostileLine(random)).filter((text) => {
      const raw = Buffer.from(text);
      const caught = catches(sieve, raw);
      const wanted = holds(clean(text), words);
      return isPlain(raw) ? caught !== wanted : wanted && !caught;
    });
    expect(different).toEqual([]);
  });
});

describe('undressing a line', () => {
  it('leaves what cleaning its text leaves, or says that cleaning has to do it', () => {
    // Halves of a character that a sequence parts become whole: no word is made or lost by that.
    const text = line.map((raw) => Buffer.from(raw.toString()));
    fc.assert(fc.property(text, (raw) => {
      const into = Buffer.alloc(raw.length);
      const length = undress(raw, 0, raw.length, into);
      if (length !== -1) expect(into.toString('utf8', 0, length)).toBe(clean(raw.toString()));
    }), { numRuns: 3_000 });
  });

  it.each([
    ['colours', '\u001b[32minfo\u001b[39m: [s1:browser] text\r', 'info: [s1:browser] text'],
    ['nothing', 'Pixel12 Digital', 'Pixel12 Digital'],
    ['a sequence that the end cut off', 'text\u001b[3', 'text'],
  ])('does %s itself', (_what, printed, expected) => {
    const into = Buffer.alloc(80);
    expect(into.toString('utf8', 0, undress(Buffer.from(printed), 0, printed.length, into))).toBe(expected);
  });
});

describe('the lines of a stream read through a sieve', () => {
  const read = (chunks: Buffer[], tty: boolean, bound: number, words: readonly string[] | null, signs: Sought['signs'] = null) => {
    const parts = new Parts(new LineMaker({ container: 'c', containerId: 'c1' }, bound), new VirtualClock(0), { opened: () => undefined, closed: () => undefined }, bound, words && new Glance({ words, signs }, new VirtualClock(0)));
    const reading = new Reading(tty, stamp(0), {
      entry: (entry) => parts.accept(entry.stream, entry.stamp, entry.bytes, entry.start, entry.end, entry.skipped),
      engineSays: () => undefined,
    }, bound);
    for (const chunk of chunks) reading.push(chunk);
    reading.finish();
    parts.closeAll();
    return parts.take();
  };

  it('are the same lines, without the text of those that hold no word', () => {
    const entry = fc.record({ stream: fc.constantFrom(1, 2), content: line, ended: fc.nat(9), at: fc.nat(20) });
    fc.assert(fc.property(fc.array(entry, { maxLength: 12 }), fc.array(fc.nat(3_000), { maxLength: 12 }), fc.boolean(), fc.constantFrom(20, 256 * 1024), (entries, cuts, tty, bound) => {
      const log = Buffer.concat(entries.map(({ stream, content, ended, at }) => {
        const bytes = Buffer.concat([Buffer.from(`${stamp(at)} `), content, Buffer.from(tty || ended > 0 ? '\n' : '')]);
        return tty ? bytes : frame(stream, bytes);
      }));
      const all = read(chop(log, cuts), tty, bound, null);
      const sieved = read(chop(log, cuts), tty, bound, WORDS);
      expect(sieved.map((one) => ({ ...one, text: '' }))).toEqual(all.map((one) => ({ ...one, text: '' })));
      sieved.forEach((one, i) => {
        if (one.text !== '' || holds(all[i]!.text, WORDS)) expect(one.text).toBe(all[i]!.text);
      });
    }), { numRuns: 1_000 });
  });

  it('keep a word that the timestamp of an inner part stands in', () => {
    const padding = 'x'.repeat(16_384);
    const log = Buffer.from(`${stamp(1)} ${padding}Page Clo${stamp(1)} sed\n${stamp(2)} quiet\n`);
    expect(read([log], true, 256 * 1024, WORDS).map(({ text }) => text)).toEqual([`${padding}Page Closed`, '']);
  });

  it('are signs of life where they are sought, in the order of the log', () => {
    const sign = { spelled: 'loja1', event: 'onack' };
    const signs = { read: (bytes: Buffer, start: number) => (bytes.toString('utf8', start).startsWith('alive') ? sign : null) };
    const log = ['alive', 'Bad MAC', 'quiet', 'alive', 'alive\ntwo', 'Page Closed'].map((text, i) => frame(i === 3 ? 2 : 1, `${stamp(i)} ${text}\n`));
    const lines = read(log, false, 256 * 1024, WORDS, signs);
    expect(lines.map((one) => one.sign ?? one.text)).toEqual([sign, 'Bad MAC', '', sign, 'alive', 'two', 'Page Closed']);
    expect(lines.map(({ ts, stream }) => [ts, stream])).toEqual([0, 1, 2, 3, 4, 4, 5].map((at) => [stamp(at), at === 3 ? 'stderr' : 'stdout']));
    expect(lines[0]).toEqual({ container: 'c', containerId: 'c1', stream: 'stdout', ts: stamp(0), text: '', skippedBytes: 0, sign });
  });

  it('that a driver printed as one entry stay several', () => {
    expect(read([frame(1, `${stamp(1)} one\ntwo\n`)], false, 256 * 1024, WORDS)).toHaveLength(2);
  });
});

import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPng } from '../../sidecar/health/png.ts';
import { modulesIn } from '../../sidecar/health/qr-modules.ts';
import { qrAsText } from '../../sidecar/health/qr-terminal.ts';
import { qrPicture } from '../lab/stand-ins/qr-picture.ts';

const FINDER = 7;
/** Squares of a code of that version with its three finder patterns; the rest by `seed`. */
function code(version: number, seed: number): boolean[][] {
  const count = 17 + 4 * version;
  const corner = (row: number, column: number): boolean | null => {
    const [y, x] = [Math.min(row, count - 1 - row), Math.min(column, count - 1 - column)];
    if (y > FINDER || x > FINDER || (row > count / 2 && column > count / 2)) return null;
    if (y === FINDER || x === FINDER) return false;
    return Math.max(Math.abs(y - 3), Math.abs(x - 3)) !== 2;
  };
  let state = seed >>> 0;
  return Array.from({ length: count }, (_, row) => Array.from({ length: count }, (__, column) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return corner(row, column) ?? state >>> 31 === 1;
  }));
}

interface Kind { depth: number; colour: number; filter: number }

/** That code as a PNG of that kind, `scale` pixels a square, with `quiet` light squares around. */
function png(squares: boolean[][], scale: number, quiet: number, { depth, colour, filter }: Kind): Buffer {
  const side = (squares.length + 2 * quiet) * scale;
  const samples = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[colour]!;
  const rowBytes = Math.ceil((side * samples * depth) / 8);
  const step = Math.max(1, (samples * depth) / 8);
  const most = 2 ** depth - 1;
  const rows = Array.from({ length: side }, (_, y) => {
    const row = Buffer.alloc(rowBytes);
    for (let x = 0; x < side; x++) {
      const dark = squares[Math.floor(y / scale) - quiet]?.[Math.floor(x / scale) - quiet] === true;
      const values = colour === 3 ? [dark ? 1 : 0] : [...Array.from({ length: samples === 2 || samples === 1 ? 1 : 3 }, () => (dark ? 0 : most)), ...(samples % 2 === 0 ? [255] : [])];
      values.forEach((value, i) => {
        if (depth === 8) row[x * samples + i] = value;
        else row[(x * depth) >> 3]! |= value << (8 - depth - ((x * depth) & 7));
      });
    }
    return row;
  });
  const raw = Buffer.concat(rows.map((row, y) => Buffer.concat([Buffer.from([filter]), filtered(row, rows[y - 1] ?? Buffer.alloc(rowBytes), step, filter)])));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = depth;
  header[9] = colour;
  const palette = colour === 3 ? [chunk('PLTE', Buffer.from([255, 255, 255, 0, 0, 0]))] : [];
  const data = deflateSync(raw);
  const half = data.length >> 1; // programs cut the data where they like
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', header), ...palette, chunk('IDAT', data.subarray(0, half)), chunk('IDAT', data.subarray(half)), chunk('IEND', Buffer.alloc(0))]);
}

function filtered(row: Buffer, above: Buffer, step: number, filter: number): Buffer {
  return Buffer.from(row.map((value, x) => {
    const [a, b, c] = [row[x - step] ?? 0, above[x]!, above[x - step] ?? 0];
    if (filter === 4) {
      const p = a + b - c;
      const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
      return value - (pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
    }
    return value - [0, a, b, (a + b) >> 1][filter]!;
  }));
}

function chunk(type: string, body: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const frame = Buffer.alloc(typed.length + 8);
  frame.writeUInt32BE(body.length, 0);
  typed.copy(frame, 4);
  frame.writeUInt32BE(crc32(typed), typed.length + 4);
  return frame;
}

/** What a phone would see: the squares of the text, without the light around them. */
function squaresOf(text: string, coloured: boolean): boolean[][] {
  // oxlint-disable-next-line no-control-regex -- the colours are what is taken off
  const lines = text.replace(/\x1b\[[\d;]*m/g, '').split('\n');
  const rows = lines.flatMap((line) => [[...line].map((c) => '▀█'.includes(c)), [...line].map((c) => '▄█'.includes(c))]);
  const dark = rows.map((row) => row.map((ink) => ink === coloured));
  const side = dark[0]!.length;
  return dark.slice(2, side - 2).map((row) => row.slice(2, side - 2));
}

const kinds: Kind[] = [
  ...[1, 2, 4, 8].map((depth) => ({ depth, colour: 0, filter: 0 })), ...[1, 2, 4, 8].map((depth) => ({ depth, colour: 3, filter: 0 })),
  ...[2, 4, 6].flatMap((colour) => [0, 1, 2, 3, 4].map((filter) => ({ depth: 8, colour, filter }))),
];

describe('a QR picture', () => {
  it('comes out square by square, in every kind of PNG that a QR comes in', () => {
    for (const kind of kinds) expect(modulesIn(readPng(png(code(4, 7), 3, 4, kind))), JSON.stringify(kind)).toEqual(code(4, 7));
  });

  it('comes out whatever its version, size and border', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.integer(), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 6 }), (version, seed, scale, quiet) => {
      expect(modulesIn(readPng(png(code(version, seed), scale, quiet, { depth: 8, colour: 0, filter: 0 })))).toEqual(code(version, seed));
    }), { numRuns: 60 });
  });

  it('is shown in the terminal with exactly those squares, in colours and without', () => {
    for (const coloured of [true, false]) expect(squaresOf(qrAsText(png(code(6, 3), 4, 4, kinds[3]!), coloured)!, coloured)).toEqual(code(6, 3));
  });

  it('is not shown as text when it is no code that a phone could scan', () => {
    const stretched = code(4, 7).map((row) => row.slice(0, -4));
    expect(qrAsText(qrPicture('2@abc'), true)).toBeNull();
    expect(qrAsText(png(stretched, 3, 4, kinds[3]!), true)).toBeNull();
    expect(qrAsText(Buffer.from('not a picture'), true)).toBeNull();
  });
});

describe('a broken picture', () => {
  const whole = png(code(4, 7), 3, 4, kinds[3]!);
  it('ends in a sentence, wherever it is cut and whatever is in it', () => {
    fc.assert(fc.property(fc.nat(whole.length), fc.nat(255), (at, value) => {
      const broken = Buffer.from(whole);
      broken[at] = value;
      for (const one of [whole.subarray(0, at), broken]) {
        try {
          readPng(one);
        } catch (error) {
          expect((error as Error).message).not.toBe('');
        }
      }
    }));
    expect(() => readPng(whole.subarray(0, 60))).toThrow('cut off');
  });

  it('cannot fill the memory: a picture of millions of pixels is refused before it is unpacked', () => {
    const huge = Buffer.from(whole);
    huge.writeUInt32BE(60_000, 16);
    huge.writeUInt32BE(60_000, 20);
    expect(() => readPng(huge)).toThrow('is no QR');
  });
});

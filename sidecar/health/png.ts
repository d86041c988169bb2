import { inflateSync } from 'node:zlib';

/** A picture in shades of grey: 0 is black, 255 is white or transparent. Row by row. */
export interface Picture {
  width: number;
  height: number;
  grey: Uint8Array;
}

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** A QR picture has a few hundred pixels a side; more is no QR and would only cost memory. */
const MOST_PIXELS = 4_000_000;
/** Samples per pixel by colour type (PNG, ISO/IEC 15948, section 11.2.2). */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

interface Header { width: number; height: number; depth: number; colour: number }

/** Reads a PNG without interlacing. Throws a sentence when it is none, is broken, or is of a kind no QR comes in. */
export function readPng(png: Buffer): Picture {
  if (!png.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw new Error('the picture is no PNG');
  let header: Header | null = null;
  let palette: Buffer = Buffer.alloc(0);
  const data: Buffer[] = [];
  for (const { type, body } of chunks(png)) {
    if (type === 'IHDR') header = readHeader(body);
    else if (type === 'PLTE') palette = body;
    else if (type === 'IDAT') data.push(body);
  }
  if (!header || data.length === 0) throw new Error('the PNG is cut off');
  return { width: header.width, height: header.height, grey: toGrey(header, palette, unfiltered(header, Buffer.concat(data))) };
}

function* chunks(png: Buffer): Generator<{ type: string; body: Buffer }> {
  for (let at = SIGNATURE.length; at + 12 <= png.length;) {
    const length = png.readUInt32BE(at);
    if (at + 12 + length > png.length) throw new Error('the PNG is cut off');
    yield { type: png.toString('latin1', at + 4, at + 8), body: png.subarray(at + 8, at + 8 + length) };
    at += 12 + length;
  }
}

function readHeader(body: Buffer): Header {
  if (body.length < 13) throw new Error('the PNG is cut off');
  const [width, height, depth, colour, interlaced] = [body.readUInt32BE(0), body.readUInt32BE(4), body[8]!, body[9]!, body[12]!];
  if (!SAMPLES[colour] || ![1, 2, 4, 8].includes(depth) || interlaced !== 0) throw new Error('the PNG is of a kind that no QR comes in (16 bits, interlaced)');
  if (width === 0 || height === 0 || width * height > MOST_PIXELS) throw new Error(`the PNG of ${width} x ${height} pixels is no QR`);
  return { width, height, depth, colour };
}

/** The rows without their filters (section 9): each byte was stored as a difference to those left of and above it. */
function unfiltered({ width, height, depth, colour }: Header, stored: Buffer): Buffer {
  const step = Math.max(1, (SAMPLES[colour]! * depth) / 8);
  const rowBytes = Math.ceil((width * SAMPLES[colour]! * depth) / 8);
  const raw = inflateSync(stored, { maxOutputLength: (rowBytes + 1) * height + 64 });
  if (raw.length < (rowBytes + 1) * height) throw new Error('the PNG is cut off');
  const rows = Buffer.alloc(rowBytes * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (rowBytes + 1)]!;
    for (let x = 0; x < rowBytes; x++) {
      const left = x >= step ? rows[y * rowBytes + x - step]! : 0;
      const above = y > 0 ? rows[(y - 1) * rowBytes + x]! : 0;
      const corner = x >= step && y > 0 ? rows[(y - 1) * rowBytes + x - step]! : 0;
      rows[y * rowBytes + x] = raw[y * (rowBytes + 1) + 1 + x]! + foretold(filter, left, above, corner);
    }
  }
  return rows;
}

function foretold(filter: number, left: number, above: number, corner: number): number {
  switch (filter) {
    case 0: return 0;
    case 1: return left;
    case 2: return above;
    case 3: return (left + above) >> 1;
    case 4: return paeth(left, above, corner);
    default: throw new Error('the PNG is broken');
  }
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

function toGrey({ width, height, depth, colour }: Header, palette: Buffer, rows: Buffer): Uint8Array {
  const samples = SAMPLES[colour]!;
  const rowBytes = Math.ceil((width * samples * depth) / 8);
  const most = 2 ** depth - 1;
  const sample = (y: number, index: number): number => {
    if (depth === 8) return rows[y * rowBytes + index]!;
    const bit = index * depth;
    return (rows[y * rowBytes + (bit >> 3)]! >> (8 - depth - (bit & 7))) & most;
  };
  const grey = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = x * samples;
      const first = sample(y, at);
      if (colour === 3) grey[y * width + x] = luma(palette[first * 3] ?? 0, palette[first * 3 + 1] ?? 0, palette[first * 3 + 2] ?? 0);
      else if (colour === 0) grey[y * width + x] = (first * 255) / most;
      else if (colour === 4) grey[y * width + x] = onWhite(first, sample(y, at + 1));
      else grey[y * width + x] = onWhite(luma(first, sample(y, at + 1), sample(y, at + 2)), colour === 6 ? sample(y, at + 3) : 255);
    }
  }
  return grey;
}

const luma = (red: number, green: number, blue: number): number => Math.round(0.3 * red + 0.59 * green + 0.11 * blue);
const onWhite = (grey: number, alpha: number): number => Math.round((grey * alpha + 255 * (255 - alpha)) / 255);

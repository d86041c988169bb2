import { crc32, deflateSync } from 'node:zlib';

/** Pixels a square: a phone reads it from a screen, and the picture stays below 2 kB. */
const SCALE = 6;
/** Light squares around the code, as the standard asks for (ISO/IEC 18004, 6.3.8). */
const QUIET = 4;
const WHITE = 0xff;

/** The QR code of a text as a PNG, for gateways that hand out what stands in it and no picture. */
export async function qrPicture(text: string): Promise<Buffer> {
  const { encode } = await import('uqr');
  const { data: squares } = encode(text, { ecc: 'L', border: QUIET });
  const side = squares.length * SCALE;
  const rows = Array.from({ length: side }, (_, y) => rowOf(squares[Math.floor(y / SCALE)]!, side));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1; // one bit a pixel, greyscale
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** One row of pixels behind its filter byte (none); a bit that is not set is black. */
function rowOf(squares: readonly boolean[], side: number): Buffer {
  const row = Buffer.alloc(1 + Math.ceil(side / 8), WHITE);
  row[0] = 0;
  for (let x = 0; x < side; x++) if (squares[Math.floor(x / SCALE)]) row[1 + (x >> 3)]! &= ~(0x80 >> (x & 7));
  return row;
}

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(typed.length + 8);
  frame.writeUInt32BE(data.length, 0);
  typed.copy(frame, 4);
  frame.writeUInt32BE(crc32(typed), typed.length + 4);
  return frame;
}

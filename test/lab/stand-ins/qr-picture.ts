import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

/** Modules per side of a version 4 QR code with a quiet zone of four on each side: the size WhatsApp's codes look like. */
const SIDE = 41;
const PIXELS_PER_MODULE = 4;

/** A real PNG that looks like a QR code of `text`: same text, same picture. It cannot be scanned. */
export function qrPicture(text: string): Buffer {
  const side = SIDE * PIXELS_PER_MODULE;
  const rows = Array.from({ length: side }, (_, y) => {
    const row = Buffer.alloc(side + 1); // one leading filter byte per row, 0 = none
    for (let x = 0; x < side; x++) row[x + 1] = isDark(text, Math.floor(x / PIXELS_PER_MODULE), Math.floor(y / PIXELS_PER_MODULE)) ? 0 : 255;
    return row;
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8; // bits per pixel, greyscale
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0)),
  ]);
}

function isDark(text: string, x: number, y: number): boolean {
  const quiet = x < 4 || y < 4 || x >= SIDE - 4 || y >= SIDE - 4;
  return !quiet && (createHash('md5').update(`${text}:${y}`).digest()[x % 16]! >> (x % 8)) % 2 === 1;
}

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(typed.length + 8);
  frame.writeUInt32BE(data.length, 0);
  typed.copy(frame, 4);
  frame.writeUInt32BE(crc32(typed), typed.length + 4);
  return frame;
}

import { closeSync, openSync, readSync, writeSync } from 'node:fs';

const CHUNK = 1 << 20;
const NEWLINE = 10;

/** Copies the first `lines` lines; returns their bytes. */
export function copyLines(from: string, to: string, lines: number): number {
  const [input, output] = [openSync(from, 'r'), openSync(to, 'w')];
  const chunk = Buffer.alloc(CHUNK);
  let [left, bytes] = [lines, 0];
  for (let read = readSync(input, chunk); read > 0 && left > 0; read = readSync(input, chunk)) {
    const kept = endOfLines(chunk.subarray(0, read), left);
    writeSync(output, chunk, 0, kept.end);
    bytes += kept.end;
    left -= kept.lines;
  }
  closeSync(input);
  closeSync(output);
  return bytes;
}

/** Where the first `most` lines end, or the whole chunk when it holds fewer. */
function endOfLines(chunk: Buffer, most: number): { end: number; lines: number } {
  let [end, lines] = [0, 0];
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, end)) {
    end = at + 1;
    if (++lines === most) return { end, lines };
  }
  return { end: chunk.length, lines };
}

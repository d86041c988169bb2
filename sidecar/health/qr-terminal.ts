import { readPng } from './png.ts';
import { modulesIn, type Modules } from './qr-modules.ts';

/** Scanners need light around the code; the standard says four squares, two are enough for a phone and fit more terminals. */
const QUIET = 2;
/** Black on bright white, whatever the terminal's own colours are. */
const INK = '\x1b[30;107m';
const PLAIN = '\x1b[0m';

/**
 * A QR picture as text, two squares to a character. `coloured`: with the colours of a terminal; without, the light squares are
 * drawn, which is right on a dark background. Null when no QR code can be told for sure in it.
 */
export function qrAsText(png: Buffer, coloured: boolean): string | null {
  const modules = modulesOf(png);
  if (!modules) return null;
  const side = modules.length + 2 * QUIET;
  const isDark = (row: number, column: number): boolean => modules[row - QUIET]?.[column - QUIET] === true;
  const lines: string[] = [];
  for (let row = 0; row < side; row += 2) {
    let line = '';
    for (let column = 0; column < side; column++) line += half(isDark(row, column) === coloured, row + 1 < side && isDark(row + 1, column) === coloured);
    lines.push(coloured ? `${INK}${line}${PLAIN}` : line);
  }
  return lines.join('\n');
}

const half = (upper: boolean, lower: boolean): string => (upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ');

function modulesOf(png: Buffer): Modules | null {
  try {
    return modulesIn(readPng(png));
  } catch {
    return null; // shown as a file instead; whoever opens it sees what is wrong with it
  }
}

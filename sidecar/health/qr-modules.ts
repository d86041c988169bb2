import type { Picture } from './png.ts';

/** A QR code as its squares, true is dark, without the quiet zone. */
export type Modules = readonly (readonly boolean[])[];

const DARK_BELOW = 128;
/** A finder pattern: seven squares wide, a ring of one around a core of three (ISO/IEC 18004, 6.3.3). */
const FINDER = 7;
/** Versions 1 to 40. */
const SMALLEST = 21;
const LARGEST = 177;

/**
 * The squares of the QR code in that picture, or null when there is none that can be told for sure: no three finder
 * patterns, no square count a QR code has, a picture in the middle that stretches it. Nothing is guessed: half a QR
 * would not scan.
 */
export function modulesIn({ width, height, grey }: Picture): Modules | null {
  const dark = (x: number, y: number): boolean => x >= 0 && y >= 0 && x < width && y < height && grey[y * width + x]! < DARK_BELOW;
  const box = darkBox(width, height, dark);
  if (!box) return null;
  const { left, top, right, bottom } = box;
  let run = 0;
  while (dark(left + run, top)) run++;
  const side = right - left + 1;
  const count = Math.round(side / (run / FINDER));
  if (side !== bottom - top + 1 || count < SMALLEST || count > LARGEST || (count - 17) % 4 !== 0) return null;
  const size = side / count;
  const modules = Array.from({ length: count }, (_, row) =>
    Array.from({ length: count }, (__, column) => dark(Math.floor(left + (column + 0.5) * size), Math.floor(top + (row + 0.5) * size))));
  const corners: [number, number][] = [[0, 0], [0, count - FINDER], [count - FINDER, 0]];
  return corners.every(([row, column]) => isFinder(modules, row, column)) ? modules : null;
}

function darkBox(width: number, height: number, dark: (x: number, y: number) => boolean): { left: number; top: number; right: number; bottom: number } | null {
  let box: { left: number; top: number; right: number; bottom: number } | null = null;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!dark(x, y)) continue;
      box ??= { left: x, top: y, right: x, bottom: y };
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x);
      box.bottom = y;
    }
  }
  return box;
}

function isFinder(modules: Modules, top: number, left: number): boolean {
  for (let y = 0; y < FINDER; y++) {
    for (let x = 0; x < FINDER; x++) {
      const ring = Math.max(Math.abs(y - 3), Math.abs(x - 3));
      if (modules[top + y]![left + x] !== (ring !== 2)) return false;
    }
  }
  return true;
}

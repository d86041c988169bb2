import { oneLine } from './one-line.ts';

export interface Column { title: string; align?: 'left' | 'right' }

/**
 * A plain table: a line of titles, then one line per row, columns two spaces apart. What could move a cursor is made
 * visible. Gives no trailing spaces and no last line end.
 */
export function table(columns: readonly (Column | string)[], rows: readonly (readonly (string | number)[])[]): string {
  const heads = columns.map((column) => (typeof column === 'string' ? { title: column } : column) as Column);
  const cells = [heads.map(({ title }) => title), ...rows.map((row) => heads.map((_, at) => oneLine(String(row[at] ?? ''))))];
  const widths = heads.map((_, at) => Math.max(...cells.map((row) => width(row[at]!))));
  const padded = (text: string, at: number): string => {
    const space = ' '.repeat(widths[at]! - width(text));
    return heads[at]!.align === 'right' ? space + text : text + space;
  };
  return cells.map((row) => row.map(padded).join('  ').trimEnd()).join('\n');
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** East Asian wide characters and emoji take two cells in a terminal. */
const WIDE = /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

/** Cells a text takes in a terminal. */
function width(text: string): number {
  let cells = 0;
  for (const { segment } of graphemes.segment(text)) cells += WIDE.test(segment) ? 2 : 1;
  return cells;
}

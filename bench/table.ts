/** What a scenario found: one table with what it means below it. */
export interface Table {
  title: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  /** Aims beside what was reached, peers that are missing, conditions. */
  notes: readonly string[];
}

export const thousands = (count: number): string => Math.round(count).toLocaleString('en-US');
export const fixed = (value: number, digits = 1): string => value.toFixed(digits);
export const megabytes = (mb: number): string => `${Math.round(mb)} MB`;
export const percent = (share: number, digits = 0): string => `${(share * 100).toFixed(digits)} %`;

/** An aim beside the figure. It is said when it is missed; nothing fails by it. */
export const aim = (what: string, reached: string, met: boolean): string => `${met ? 'Aim met' : '**Aim missed**'}: ${what}; here ${reached}.`;

export function asMarkdown({ title, columns, rows, notes }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [`## ${title}`, '', line(columns), `|${columns.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`, ...rows.map(line), '', ...notes.map((note) => `- ${note}`), ''].join('\n');
}

export function asText({ title, columns, rows, notes }: Table): string {
  const widths = columns.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string => cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ');
  return [title, line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), ...notes.map((note) => `  ${note.replaceAll('**', '')}`), ''].join('\n');
}

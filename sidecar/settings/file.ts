/** One `KEY=VALUE` of a settings file, with its line for messages. */
export interface FileSetting { name: string; value: string; line: number }

const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;

/**
 * Reads `KEY=VALUE` lines; empty lines and lines that start with `#` are skipped, one pair of quotes around a value is
 * removed. `broken` holds the numbers of the lines that are none of these.
 */
export function parseSettingsFile(text: string): { settings: FileSetting[]; broken: number[] } {
  const settings: FileSetting[] = [];
  const broken: number[] = [];
  for (const [index, raw] of text.replace(/^\uFEFF/, '').split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] = ASSIGNMENT.exec(line) ?? [];
    if (name === undefined || value === undefined) broken.push(index + 1);
    else settings.push({ name, value: withoutQuotes(value), line: index + 1 });
  }
  return { settings, broken };
}

const withoutQuotes = (value: string): string => /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;

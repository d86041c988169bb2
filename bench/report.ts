import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { machineInWords } from './machine.ts';
import { asMarkdown, type Table } from './table.ts';

const HEAD = `# Results of the bench

To do it again: \`npm run bench\` (\`-- --only NAME\` for one scenario, \`-- --quick\` for a short look that is not written here).
Every figure is of whole processes as the kernel accounts them, ours and the peers' in the same run on the same lines; traces
come from a fixed seed. Peers are Debian's packages, unpacked beside the checkout; how each is set up stands in bench/peers. Aims are
printed beside the figures; nothing fails by them.
`;
const mark = (scenario: string): string => `<!-- scenario: ${scenario} -->`;

/** One scenario's section: its date, the machine in words and how busy it was, its tables. */
export const section = (tables: readonly Table[], now = new Date()): string =>
  `Measured ${now.toISOString().slice(0, 10)} on ${machineInWords()}; load average at the end ${loadavg()[1]!.toFixed(1)} (five minutes, the bench included).\n\n${tables.map(asMarkdown).join('\n')}`;

/** The report with that scenario's section put in place of its older one; the others stay, in the order given. */
export function withSection(report: string, scenario: string, text: string, order: readonly string[]): string {
  const sections = sectionsOf(report);
  sections.set(scenario, text.trim());
  const known = order.filter((name) => sections.has(name));
  return `${[HEAD.trim(), ...known.map((name) => `${mark(name)}\n${sections.get(name)}`)].join('\n\n')}\n`;
}

function sectionsOf(report: string): Map<string, string> {
  const parts = report.split(/^<!-- scenario: (\w+) -->$/m);
  return new Map(Array.from({ length: (parts.length - 1) / 2 }, (_, index) => [parts[2 * index + 1]!, parts[2 * index + 2]!.trim()]));
}

export function save(file: string, scenario: string, tables: readonly Table[], order: readonly string[]): void {
  writeFileSync(file, withSection(existsSync(file) ? readFileSync(file, 'utf8') : '', scenario, section(tables), order));
}

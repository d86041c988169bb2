import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '../../docs/faults.md');
const BEGIN = '<!-- table: written by test/e2e/health.test.ts out of what it saw -->';
const END = '<!-- end of table -->';

export interface FaultRow {
  fault: string;
  seen: string;
  verdict: string;
  done: string;
  /** Lines of the operator's log about it, without their times. */
  reads: readonly string[];
}

/** The lines of one session (or of nobody: `''`) in a log, without what differs from run to run. */
export function linesOf(log: string, session: string): string[] {
  return log.split('\n')
    .map((line) => line.replace(/^\[[^\]]*\] /, ''))
    .filter((line) => (session === '' ? line !== '' : line.replace(/^ALERT /, '').startsWith(`${session}: `)))
    .map(timeless);
}

/** Times, durations, process numbers and addresses belong to the run, not to the fault. */
export const timeless = (line: string): string =>
  line.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replace(/\b\d+(?:\.\d+)? s\b/g, 'N s').replace(/process(?:es)? [\d, ]+\b/g, 'process N').replace(/127\.0\.0\.1:\d+/g, 'its address');

/** A row out of the lines of a session: the ruling tells what was seen, the verdict and the remedy or refusal; the last line how it ended. */
export function rowOf(fault: string, log: string, session: string, reads: readonly RegExp[]): FaultRow {
  const lines = linesOf(log, session).map((line) => (session === '' ? line : line.replace(`${session}: `, '')));
  const ruled = lines.map((line) => /^(?:ALERT )?(.*); probe (\w+)(?:; (\w+))?(?:; not repaired: ([\w-]+).*)?$/.exec(line)).filter((match) => match !== null);
  const acted = ruled.find(([, , , rung]) => rung !== undefined) ?? ruled[0];
  const ended = lines.map((line) => /^(fixed by \w+|(?:ALERT )?needs a QR scan)/.exec(line)?.[1]).find((words) => words !== undefined);
  const quoted = reads.map((pattern) => {
    const line = lines.find((one) => pattern.test(one));
    if (line === undefined) throw new Error(`no line of ${session || 'the log'} says ${pattern}; it says:\n${lines.join('\n')}`);
    return line;
  });
  return {
    fault, reads: quoted,
    seen: acted?.[1] ?? quoted[0]!, verdict: acted?.[2] ?? '-',
    done: acted?.[3] ? `${acted[3]}${ended ? `: ${ended}` : ''}` : acted?.[4] ? `nothing: ${acted[4]}` : 'nothing',
  };
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

/** The table as it stands in the page. */
export function tableOf(rows: readonly FaultRow[]): string {
  const lines = rows.map(({ fault, seen, verdict, done, reads }) => `| ${[fault, seen, verdict, done].map(cell).join(' | ')} | ${reads.map((line) => `\`${cell(line)}\``).join('<br>')} |`);
  return ['| fault | what is seen | verdict | what is done | what the operator reads |', '|---|---|---|---|---|', ...lines].join('\n');
}

/** The table in the committed page; written first when AUTO_FIX_TEST_WRITE_DOCS is set. */
export function committedTable(seen: string): string {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const [committed, after] = (rest ?? '').split(END);
  if (after === undefined) throw new Error(`docs/faults.md has lost its marks ${BEGIN} and ${END}`);
  if (process.env.AUTO_FIX_TEST_WRITE_DOCS) {
    writeFileSync(PAGE, `${before}${BEGIN}\n${seen}\n${END}${after}`);
    return seen;
  }
  return committed!.trim();
}

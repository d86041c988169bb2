import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { JsonOut } from '../../sidecar/report/json-out.ts';

/** A folder that is gone after the test. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'auto-fix-report-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

/** Stands where stdout is and keeps what it is given. */
export class KeptJson implements Pick<JsonOut, 'line' | 'lost'> {
  readonly lines: { level: string; time: string; msg: string; [field: string]: unknown }[] = [];
  lostLines = 0;
  line(level: string, time: string, fields: Record<string, unknown>, msg: string): void {
    this.lines.push({ level, time, ...fields, msg });
  }
  lost(): number {
    return this.lostLines;
  }
}

/** Waits for a condition, not for a time; the test's own time limit ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

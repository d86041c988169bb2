import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Figures } from '../doctor/figures.ts';
import { table } from '../report/table.ts';
import { inWords } from '../report/units.ts';
import { CannotDo, EXIT, flag, JSON_OPTION, type Command, type Io } from './command.ts';
import { sinceOf } from './trace.ts';

export const stats: Command = {
  usage: 'stats [--since 7d]',
  summary: 'figures: checked, repaired, how fast, refused, by hand, availability',
  help: `
Read out of the state database, with or without a running sidecar. What is kept per day (looks, refusals, availability)
covers whole days in UTC.

  --since D   how far back: 24h, 7d (the default), 24d at most`,
  options: { ...JSON_OPTION, since: { type: 'string' } },
  async run(words, io) {
    const now = Date.now();
    const figures = await figuresOfState(io, { from: now - sinceOf(words, '7d'), to: now + 1 });
    io.out(flag(words, 'json') ? JSON.stringify(figures) : await inPlainWords(figures));
    return EXIT.well;
  },
};

async function figuresOfState(io: Io, span: { from: number; to: number }): Promise<Figures> {
  const { DATABASE_FILE, openDatabase } = await import('../state/database.ts');
  const [{ IncidentHistory, SCHEMA }, { SCHEMA: JOURNAL }, { figuresOf }] = await Promise.all([import('../state/history-of-incidents.ts'), import('../state/journal.ts'), import('../doctor/figures.ts')]);
  const { stateDir } = io.config();
  if (!existsSync(join(stateDir, DATABASE_FILE))) throw new CannotDo(`no sidecar has ever run with the state folder ${stateDir}, so there are no figures; set AUTO_FIX_STATE_DIR to its folder`);
  const database = openDatabase(stateDir, [JOURNAL, SCHEMA], 'NORMAL');
  try {
    return figuresOf(new IncidentHistory(database), span);
  } finally {
    database.close();
  }
}

async function inPlainWords({ from, to, sessions, looks, incidents, repairs, successRate, meanDetectMs, meanRepairMs, byHand, refusals, availability }: Figures): Promise<string> {
  const { percent } = await import('../doctor/figures.ts');
  const tried = Object.values(repairs).reduce((sum, count) => sum + count, 0);
  const rows: [string, string][] = [
    ['sessions', `${sessions}, looked at ${looks} times`],
    ['incidents', `${incidents}${meanDetectMs === null ? '' : `, detected after ${inWords(meanDetectMs)} on average`}`],
    ['repairs', `${tried}${tried === 0 ? '' : `: ${Object.entries(repairs).filter(([, count]) => count > 0).map(([result, count]) => `${count} ${result}`).join(', ')}`}`],
    ['success', successRate === null ? '-' : `${percent(successRate)}${meanRepairMs === null ? '' : `, working again after ${inWords(meanRepairMs)} on average`}`],
    ['by hand', String(byHand)],
    ['refused', Object.entries(refusals).sort((a, b) => b[1] - a[1]).map(([code, count]) => `${code} ${count}`).join(', ') || 'never'],
  ];
  const shares = Object.entries(availability).map(([session, share]) => [session, share === null ? 'not known' : percent(share)]);
  return [
    `from ${from} to ${to}`, '', ...rows.map(([name, value]) => `${name.padEnd(10)} ${value}`),
    ...(shares.length > 0 ? ['', table(['SESSION', { title: 'AVAILABLE', align: 'right' }], shares)] : []),
  ].join('\n');
}

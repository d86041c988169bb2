import { table } from '../report/table.ts';
import { ago, inWords } from '../report/units.ts';
import { hadMessages, type Timeline } from './timeline.ts';

/** Kinds of event with a column of their own; the rest are summed up. */
const COLUMNS = 6;
const HOUR_MS = 3_600_000;
/** Marks shown; the oldest are left out, and that is said. */
const MOST_MARKS = 60;

/** Local time with its offset, then UTC: operators think in the one, logs are written in the other. */
export function bothTimes(ms: number): string {
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${offsetAt(ms)} (${new Date(ms).toISOString().slice(11, 19)}Z)`;
}

function offsetAt(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`;
}

export function timelineText(timeline: Timeline): string {
  const { session, from, to, marks, gaps, repairs, logs } = timeline;
  const message = hadMessages(timeline);
  return [
    `${session}, from ${bothTimes(from)} to ${bothTimes(to)}`,
    ...Object.entries(logs).map(([container, first]) => (first === null ? `the log of ${container} holds nothing of that time` : first > from + HOUR_MS ? `the log of ${container} begins only at ${bothTimes(first)}: what was before is not in it any more` : null)).filter((line) => line !== null),
    message ? `last ${message.event}: ${bothTimes(message.at)}, ${ago(message.at, to)}` : 'no message came through in that time, as far as the logs tell',
    section('EVENTS PER HOUR', hoursOf(timeline)),
    section('CONNECTS, CLOSES AND TROUBLE', [...(marks.length > MOST_MARKS ? [`(${marks.length - MOST_MARKS} earlier ones left out)`] : []), ...marks.slice(-MOST_MARKS).map((mark) => `${bothTimes(mark.at)}  ${mark.class}: ${mark.pattern}  ${mark.evidence}`)]),
    section('MESSAGES MAY BE LOST', gaps.map((gap) => `${bothTimes(gap.from)} to ${gap.to === null ? 'now' : bothTimes(gap.to)} (${inWords((gap.to ?? to) - gap.from)}): ${gap.why}`)),
    section('REPAIRS', repairs.map((one) => `${bothTimes(one.startedAt)}  ${one.restored === undefined ? one.rung : 'restore'}: ${one.result}: ${one.detail}${one.backup ? ` (backup ${one.backup})` : ''}`)),
  ].join('\n');
}

const section = (title: string, lines: readonly string[]): string => `\n${title}\n${lines.length > 0 ? lines.join('\n') : 'none'}`;

function hoursOf({ hours }: Timeline): string[] {
  if (hours.length === 0) return [];
  const sums = new Map<string, number>();
  for (const { events } of hours) for (const [event, count] of Object.entries(events)) sums.set(event, (sums.get(event) ?? 0) + count);
  const kinds = [...sums].sort((a, b) => b[1] - a[1]).map(([event]) => event);
  const shown = kinds.slice(0, COLUMNS);
  const titles = ['HOUR', ...shown, ...(kinds.length > COLUMNS ? ['others'] : [])].map((title, at) => ({ title, align: at === 0 ? 'left' as const : 'right' as const }));
  let before: number | null = null;
  const rows: (string | number)[][] = [];
  for (const { at, events } of hours) {
    const silent = before === null ? 0 : (at - before) / HOUR_MS - 1;
    if (silent > 0) rows.push([`... ${silent === 1 ? '1 hour' : `${silent} hours`} without any event`]);
    const others = Object.entries(events).filter(([event]) => !shown.includes(event)).reduce((sum, [, count]) => sum + count, 0);
    rows.push([bothTimes(at), ...shown.map((event) => events[event] ?? 0), ...(kinds.length > COLUMNS ? [others] : [])]);
    before = at;
  }
  return [table(titles, rows)];
}

import { CannotDo, EXIT, flag, JSON_OPTION, onlyArg, text, type Command, type Io } from './command.ts';
import { refused } from './fix.ts';
import type { RepairEntry } from '../report/house.ts';
import { inWords } from '../report/units.ts';
import { needSidecar } from './sidecar-beside.ts';
import { sinceOf } from './trace.ts';

export const why: Command = {
  usage: 'why SESSION [--since 72h]',
  summary: 'the story of one session: status, events, window, what comes next, every repair with its reason and steps',
  help: `
Without --since, what the running sidecar knows now. With it, the timeline of that time out of the engine's logs and
the stored records, with or without a running sidecar: events per kind and hour, the last message, connects and closes,
gaps in which messages may be lost, repairs. Times are local (set TZ, as in TZ=America/Sao_Paulo) and UTC.

  --since D   how far back: 90m, 72h, 7d`,
  options: { ...JSON_OPTION, since: { type: 'string' } },
  async run(words, io) {
    const session = onlyArg(words, 'SESSION');
    if (text(words, 'since') !== undefined) return timeline(session, sinceOf(words, '72h'), flag(words, 'json'), io);
    const sidecar = await needSidecar(io);
    const story = await sidecar.session(session).catch(refused);
    if (flag(words, 'json')) {
      io.out(JSON.stringify(story));
      return EXIT.well;
    }
    io.out(`${story.id}: ${story.status}${story.since ? ` since ${story.since}` : ''} (${story.why})`);
    io.out(`window: ${story.hits.corruption} corruption, ${story.hits.disconnect} disconnect hits; incident: ${story.incident ?? 'none'}`);
    for (const { evidence } of (await sidecar.incidents()).incidents.filter((one) => one.session === story.id)) for (const line of evidence) io.out(`hit: ${line}`);
    io.out(`next: ${story.next.refused ? `${story.next.refused}, ` : ''}${story.next.reason}${story.next.notBefore ? `; no repair before ${story.next.notBefore}` : ''}`);
    for (const { kind, at } of story.events) io.out(`last ${kind}: ${at}`);
    for (const repair of story.repairs) tell(repair, io);
    return EXIT.well;
  },
};

function tell({ startedAt, rung, result, detail, reason, steps, backup }: RepairEntry, io: Io): void {
  io.out(`${startedAt} ${rung}: ${result}${detail ? `: ${detail}` : ''}${backup ? ` (backup ${backup})` : ''}`);
  if (reason) io.out(`  because: ${reason}`);
  if (steps.length > 0) io.out(`  steps: ${steps.map(stepInWords).join(', ')}`);
}

const stepInWords = ({ step, ended, ms }: RepairEntry['steps'][number]): string =>
  ended === 'done' ? `${step} ${inWords(ms!)}` : ended === 'failed' ? `${step} failed after ${inWords(ms!)}` : `${step} not ended`;


async function timeline(spelled: string, sinceMs: number, json: boolean, io: Io): Promise<number> {
  const [{ knownSessions }, { sessionHistory, storedSessions }, { cleanerOf }] = await Promise.all([import('./known-sessions.ts'), import('../doctor/session-history.ts'), import('./cleaner.ts')]);
  const listed = await knownSessions(undefined, { ...io, err: () => undefined });
  const sessions = listed.names().length > 0 ? listed : storedSessions(io.config());
  const session = sessions.resolve(spelled);
  if (session === null) throw new CannotDo(`no list of the gateway or the stores names "${spelled.slice(0, 80)}"; known are: ${sessions.names().join(', ') || 'none'}`);
  const to = Date.now();
  const clean = cleanerOf(io.config());
  const story = await sessionHistory({ session, sessions, from: to - sinceMs, to, config: io.config(), complain: (problem) => io.err(problem) });
  for (const mark of story.marks) mark.evidence = clean(mark.evidence);
  io.out(json ? JSON.stringify(withIsoTimes(story)) : (await import('../doctor/timeline-text.ts')).timelineText(story));
  return EXIT.well;
}

/** The same with ISO texts for times, as everywhere in `--json`. */
function withIsoTimes(story: import('../doctor/timeline.ts').Timeline): object {
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  const times = (all: Record<string, number | null>): Record<string, string | null> => Object.fromEntries(Object.entries(all).map(([name, ms]) => [name, iso(ms)]));
  return {
    ...story, from: iso(story.from), to: iso(story.to), last: times(story.last), logs: times(story.logs),
    hours: story.hours.map((hour) => ({ ...hour, at: iso(hour.at) })),
    marks: story.marks.map((mark) => ({ ...mark, at: iso(mark.at) })),
    gaps: story.gaps.map((gap) => ({ ...gap, from: iso(gap.from), to: iso(gap.to) })),
    repairs: story.repairs.map((repair) => ({ ...repair, startedAt: iso(repair.startedAt), endedAt: iso(repair.endedAt) })),
  };
}

import type { Desk } from './decide/desk.ts';
import { iso } from './event-time.ts';
import { stepsTaken } from './repair/story.ts';
import type { IncidentEntry, RepairEntry } from './report/house.ts';
import type { RepairRecord } from './state/journal.ts';
import type { Rung } from './words.ts';

/** Open incidents as the API shows them. */
export function incidentsOf(desk: Desk): IncidentEntry[] {
  return desk.incidents().map(({ firing, openedAt, refusals, reasons, class: cls }) => ({
    session: 'session' in firing.who ? firing.who.session : null,
    class: cls,
    openedAt: iso(openedAt)!,
    count: firing.count,
    patterns: firing.patterns,
    evidence: firing.evidence,
    refusals: [...refusals].map(([code, times]) => ({ code, times, reason: reasons.get(code)! })),
  }));
}

/** A repair as the API shows it, with what it was decided on and its steps. */
export function repairEntry(record: RepairRecord): RepairEntry {
  const { session, rung, reason, outcome, openedAt } = record;
  return {
    session, rung: rung as Rung, result: outcome?.result ?? 'under way', detail: outcome?.detail ?? '', reason, steps: stepsTaken(record),
    startedAt: iso(openedAt)!, endedAt: outcome ? iso(outcome.endedAt) : null, backup: outcome?.backup ?? null,
  };
}

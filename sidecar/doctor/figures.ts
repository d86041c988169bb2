import { inWords } from '../report/units.ts';
import { IncidentHistory, type IncidentRow, type Span } from '../state/history-of-incidents.ts';
import type { OutcomeResult } from '../words.ts';

/** What the sidecar did in a span of time. Times in ms, shares from 0 to 1; null where there was nothing to measure. */
export interface Figures {
  /** ISO texts. */
  from: string;
  to: string;
  /** Sessions that were looked at or watched, and looks at them by asking a gateway. */
  sessions: number;
  looks: number;
  incidents: number;
  repairs: Record<Exclude<OutcomeResult, 'refused'>, number>;
  /** Repairs that ended fixed, of all that were tried. */
  successRate: number | null;
  /** From the first sign of a fault (a counted line; for a silent one the last sign of life) to its incident. */
  meanDetectMs: number | null;
  /** From the incident to the proof that the session works again. */
  meanRepairMs: number | null;
  /** Repairs and restores that somebody asked for. */
  byHand: number;
  /** Times nothing was done, by reason. */
  refusals: Record<string, number>;
  /** Share of the known time in which the session was connected. */
  availability: Record<string, number | null>;
}

const isByHand = ({ task, reason }: { task: string; reason: string }): boolean => task === 'restore' || /^(asked for by hand|somebody wants)/.test(reason);

export function figuresOf(history: IncidentHistory, span: Span): Figures {
  const incidents = history.incidents(span);
  const tallies = history.tallies(span);
  const repairs = history.repairs(span);
  const availability = [...history.availability(span)];
  const outcomes = repairs.flatMap(({ outcome }) => (outcome && outcome.result !== 'refused' ? [outcome] : []));
  const ended = (result: OutcomeResult): number => outcomes.filter((outcome) => outcome.result === result).length;
  const fixed = outcomes.filter(({ result, restored }) => result === 'fixed' && restored === undefined);
  return {
    from: new Date(span.from).toISOString(),
    to: new Date(span.to).toISOString(),
    sessions: new Set([...availability.map(([session]) => session), ...incidents.map(({ session }) => session), ...repairs.map(({ session }) => session)]).size,
    looks: tallies.get('looks') ?? 0,
    incidents: incidents.length,
    repairs: { fixed: ended('fixed'), 'needs-qr': ended('needs-qr'), 'rolled-back': ended('rolled-back'), failed: ended('failed') },
    successRate: outcomes.length === 0 ? null : ended('fixed') / outcomes.length,
    meanDetectMs: mean(incidents.map(({ beganAt, detectedAt }) => Math.max(0, detectedAt - beganAt))),
    meanRepairMs: mean(fixed.flatMap(({ session, startedAt, endedAt }) => {
      const cause = incidentBehind(incidents, session, startedAt);
      return cause ? [endedAt - cause.detectedAt] : [];
    })),
    byHand: repairs.filter(isByHand).length,
    refusals: Object.fromEntries([...tallies].filter(([what]) => what.startsWith('refused ')).map(([what, count]) => [what.slice('refused '.length), count])),
    availability: Object.fromEntries(availability.map(([session, { up, down }]) => [session, up + down === 0 ? null : up / (up + down)])),
  };
}

/** The incident that a repair was for: the newest of its session that was open when it began. */
const incidentBehind = (incidents: readonly IncidentRow[], session: string, at: number): IncidentRow | undefined =>
  incidents.findLast((incident) => incident.session === session && incident.detectedAt <= at && (incident.endedAt === null || incident.endedAt >= at));

const mean = (values: readonly number[]): number | null => (values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length);

/** Two digits behind the point, never rounded up to a perfect 100 %. */
export const percent = (share: number): string => `${(Math.floor(share * 10_000) / 100).toFixed(share === 1 ? 0 : 2)} %`;

/** One line for the log: what a day was like. */
export function summaryLine({ sessions, looks, incidents, repairs, meanDetectMs, meanRepairMs, byHand, refusals, availability }: Figures, day: string): string {
  const tried = Object.entries(repairs).filter(([, count]) => count > 0).map(([result, count]) => `${count} ${result}`).join(', ');
  const refused = Object.entries(refusals).sort((a, b) => b[1] - a[1]).map(([code, count]) => `${code} ${count}`).join(', ');
  const known = Object.values(availability).filter((share) => share !== null);
  const worst = known.length > 0 ? Math.min(...known) : null;
  return [
    `summary of ${day}: ${sessions} sessions, ${looks} looks, ${incidents} incidents${meanDetectMs === null ? '' : ` (detected after ${inWords(meanDetectMs)} on average)`}`,
    `repairs: ${tried || 'none'}${meanRepairMs === null ? '' : ` (working again after ${inWords(meanRepairMs)} on average)`}, by hand ${byHand}`,
    `refused: ${refused || 'none'}`,
    `availability: ${worst === null ? 'not known' : `${percent(mean(known)!)} on average, ${percent(worst)} at worst`}`,
  ].join('; ');
}

import type { KnownSessions } from '../fleet/fleet.ts';
import { evidenceOf } from '../redact.ts';
import type { Attribution, HitClass, LogLine } from '../words.ts';
import { attribute } from './attribute.ts';
import { readEnvelope, type Envelope, type Shape } from './envelope.ts';
import { testHolds, valueAt } from './fields.ts';
import { matchPattern, saysPhrase } from './match.ts';
import type { BlockPart, Pattern } from './pattern.ts';
import { peersIn } from './peers.ts';

/** How a line is read, for `auto-fix explain`. Texts are redacted. */
export interface Explanation {
  /** The cleaned line. */
  text: string;
  shape: Shape;
  /** What the program says, behind its frame. */
  said: string;
  /** Literals of patterns that the line holds; without any it is never looked at. */
  literals: string[];
  pattern: string | null;
  class: HitClass | 'benign' | null;
  /** Set for a line that only counts together with its neighbours. */
  part: BlockPart | null;
  /** The name in the line, as printed. */
  spelled: string | null;
  who: Attribution | null;
  /** The pattern that came nearest to a line nobody matches. */
  closest: { pattern: string; whyNot: string } | null;
  /** The verdict in a sentence. */
  verdict: string;
}

/** Reads one line as `Detector.read` does, and says what it saw on the way. Counts nothing. */
export function explain(line: LogLine, { patterns, sessions }: { patterns: readonly Pattern[]; sessions: KnownSessions }): Explanation {
  const envelope = readEnvelope(line.text);
  const literals = [...new Set(patterns.flatMap((pattern) => pattern.literals.filter((literal) => line.text.includes(literal))))];
  const base = { text: evidenceOf(line.text), shape: envelope.shape, said: evidenceOf(envelope.said), literals };
  for (const pattern of patterns) {
    const match = matchPattern(pattern, envelope, line.text);
    if (!match) continue;
    const by = match.byField ? 'json-field' : envelope.session !== null ? 'named' : pattern.by;
    const peers = match.peer !== null ? [match.peer] : peersIn(envelope.fields);
    const who = pattern.class === 'benign' ? null : attribute({ container: line.container, spelled: match.spelled, by, peers, borrow: null }, sessions);
    return { ...base, pattern: pattern.id, class: pattern.class, part: pattern.part, spelled: match.spelled && evidenceOf(match.spelled), who, closest: null, verdict: verdictOf(pattern, who) };
  }
  const closest = closestOf(patterns, envelope, line.text);
  return {
    ...base, pattern: null, class: null, part: null, spelled: null, who: null, closest,
    verdict: closest ? `nothing: ${closest.pattern} came closest, but ${closest.whyNot}` : 'nothing: it holds no words any pattern looks for',
  };
}

function verdictOf(pattern: Pattern, who: Attribution | null): string {
  if (pattern.class === 'benign') return 'nothing: known and harmless';
  const whose = !who ? 'nobody' : 'session' in who ? `${who.session} (by ${who.by})` : who.refused === 'unknown-session' ? `"${who.spelled}", whom no list names` : 'nobody: it names no session';
  const borrows = who && 'refused' in who && pattern.companions.length > 0 ? '; in a log it borrows the session of a line beside it' : '';
  if (pattern.part !== null) return `part of an undecryptable message of ${whose}; the lines around it decide`;
  const only = pattern.only === null ? '' : `, counted only once the session has ${pattern.only}`;
  return `${pattern.class} of ${whose}${borrows}${only}${pattern.advice === null ? '' : `; ${pattern.advice}`}`;
}

/** The pattern whose words the line holds and that got furthest: frame, then fields, then expression. */
function closestOf(patterns: readonly Pattern[], envelope: Envelope, text: string): Explanation['closest'] {
  const near = patterns.filter((pattern) => pattern.literals.some((literal) => text.includes(literal)));
  const judged = near.map((pattern) => ({ pattern: pattern.id, ...missing(pattern, envelope) }));
  const best = judged.sort((a, b) => b.depth - a.depth)[0];
  return best ? { pattern: best.pattern, whyNot: best.whyNot } : null;
}

function missing(pattern: Pattern, envelope: Envelope): { depth: number; whyNot: string } {
  if (!pattern.shapes.has(envelope.shape)) {
    return { depth: 0, whyNot: `the words stand in a ${envelope.shape} line, not in a ${[...pattern.shapes].join(' or ')} line: they may be somebody's message` };
  }
  const held = pattern.fields.filter((test) => testHolds(test, envelope.fields)).length;
  if (envelope.shape === 'winston' && held === pattern.fields.length && held > 0 && !saysPhrase(pattern, envelope.said))
    return { depth: 1 + held, whyNot: 'the words before the object are not all the program\'s own: they may be somebody\'s name, and the object too' };
  const failed = pattern.fields.find((test) => !testHolds(test, envelope.fields));
  if (failed) {
    const seen = failed.paths.map((path) => valueAt(envelope.fields, path)).find((value) => value !== undefined);
    return { depth: 1 + held, whyNot: `it wants ${failed.describes}, and sees ${evidenceOf(JSON.stringify(seen) ?? 'nothing there')}` };
  }
  return { depth: 1 + pattern.fields.length, whyNot: 'what the program says reads otherwise' };
}

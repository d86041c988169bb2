import { SHAPES, type Envelope, type Shape } from './envelope.ts';
import { firstName, LONGEST_SAID, testHolds } from './fields.ts';
import type { Pattern } from './pattern.ts';

/** WhatsApp's message ids are far shorter; a longer one is not kept whole. */
const LONGEST_KEY = 120;

export interface Match {
  pattern: Pattern;
  /** The name this line carries, as printed; null when it names nobody. */
  spelled: string | null;
  /** True when a field held the name. */
  byField: boolean;
  /** The id of the message it is about, where the line tells. */
  key: string | null;
  /** The remote peer's address, where the line tells. */
  peer: string | null;
}

/** Whether that pattern describes that line, and what it reads out of it. */
export function matchPattern(pattern: Pattern, envelope: Envelope, text: string): Match | null {
  if (!pattern.shapes.has(envelope.shape)) return null;
  // Fields first: comparing a few is cheaper than looking for words in kilobytes of payload.
  if (!pattern.fields.every((test) => testHolds(test, envelope.fields))) return null;
  if (!pattern.literals.some((literal) => text.includes(literal))) return null;
  if (envelope.shape === 'winston' && pattern.fields.length > 0 && !saysPhrase(pattern, envelope.said)) return null;
  const groups = pattern.expression ? groupsOf(pattern, envelope.said) : {};
  if (!groups) return null;
  const named = envelope.session ?? groups['session'] ?? null;
  const field = named === null ? firstName(envelope.fields, pattern.sessionPaths) : null;
  return {
    pattern,
    spelled: named ?? field,
    byField: field !== null,
    key: (groups['key'] ?? firstName(envelope.fields, pattern.causePaths))?.slice(0, LONGEST_KEY) ?? null,
    peer: groups['peer'] ?? null,
  };
}

export const saysPhrase = (pattern: Pattern, said: string): boolean => pattern.phrases === null || pattern.phrases.matcher(said.slice(0, LONGEST_SAID)).lookingAt();

function groupsOf(pattern: Pattern, said: string): Record<string, string | null> | null {
  const matcher = pattern.expression!.matcher(said.length > LONGEST_SAID ? said.slice(0, LONGEST_SAID) : said);
  // Not `find`: of `^a|b` only the first half would have to stand at the start.
  if (!matcher.lookingAt()) return null;
  const groups: Record<string, string | null> = {};
  for (const name of Object.keys(pattern.expression!.namedGroups())) groups[name] = matcher.group(name) || null;
  return groups;
}

/** Shapes anybody's text can take once a program prints it raw. */
const LOOSE: ReadonlySet<Shape> = new Set(['text', 'winston', 'tagged-json']);

/** What can describe a line of that shape at all. */
export type ByShape = ReadonlyMap<Shape, readonly Pattern[]>;

export const byShape = (patterns: readonly Pattern[]): ByShape =>
  new Map(SHAPES.map((shape) => [shape, patterns.filter((pattern) => pattern.shapes.has(shape))]));

/**
 * The first pattern that describes the line; samples prove that no two do. In the container of a program that speaks
 * `alone`, loose shapes of other programs are not believed.
 */
export function firstMatch(patterns: ByShape, envelope: Envelope, text: string, alone: string | null): Match | null {
  for (const pattern of patterns.get(envelope.shape)!) {
    if (alone !== null && pattern.service !== alone && LOOSE.has(envelope.shape)) continue;
    const match = matchPattern(pattern, envelope, text);
    if (match) return match;
  }
  return null;
}

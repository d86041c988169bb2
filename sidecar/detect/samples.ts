import { readEnvelope } from './envelope.ts';
import { matchPattern } from './match.ts';
import type { Pattern } from './pattern.ts';

/** Every sample with the wrong verdict, one sentence each: nothing when all patterns are right about their own lines. */
export function checkSamples(patterns: readonly Pattern[]): string[] {
  return patterns.flatMap((pattern) => [...wrongHits(pattern, patterns), ...wrongMisses(pattern)]);
}

function wrongHits(pattern: Pattern, patterns: readonly Pattern[]): string[] {
  return pattern.hits.flatMap(({ line, session }) => {
    const envelope = readEnvelope(line);
    const met = patterns.flatMap((other) => matchPattern(other, envelope, line) ?? []);
    const own = met.find((match) => match.pattern === pattern);
    if (!own) return [`${pattern.where}: ${pattern.id} does not hit its own sample: ${line}`];
    const other = met.find((match) => match.pattern !== pattern);
    if (other) return [`${pattern.where}: ${pattern.id} and ${other.pattern.id} (${other.pattern.where}) both hit: ${line}`];
    if (own.spelled !== session) return [`${pattern.where}: ${pattern.id} reads session ${own.spelled} instead of ${session} from: ${line}`];
    return [];
  });
}

function wrongMisses(pattern: Pattern): string[] {
  return pattern.misses
    .filter((line) => matchPattern(pattern, readEnvelope(line), line))
    .map((line) => `${pattern.where}: ${pattern.id} hits a line it must not hit: ${line}`);
}

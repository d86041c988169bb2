import { compilePattern } from './compile-pattern.ts';
import { PatternError, type Pattern } from './pattern.ts';
import { readPatternFiles } from './pattern-files.ts';
import { checkSamples } from './samples.ts';

export { PatternError } from './pattern.ts';
export { readPatternFiles } from './pattern-files.ts';

/** Every pattern of a folder's YAML files, checked against the schema and its own samples. Throws a PatternError. */
export function loadPatterns(dir: string): Pattern[] {
  return checkedTogether(readPatternFiles(dir).map(compilePattern));
}

/** What only shows when all patterns are seen together: ids, companions, and every sample's verdict. */
export function checkedTogether(patterns: Pattern[]): Pattern[] {
  const byId = new Map<string, Pattern>();
  for (const pattern of patterns) {
    const twin = byId.get(pattern.id);
    if (twin) throw new PatternError(`${pattern.where}: ${pattern.id}: the same id stands at ${twin.where}`);
    byId.set(pattern.id, pattern);
  }
  for (const pattern of patterns) {
    const missing = pattern.companions.find((id) => !byId.has(id));
    if (missing) throw new PatternError(`${pattern.where}: ${pattern.id}: no pattern is called ${missing}`);
  }
  const wrong = checkSamples(patterns)[0];
  if (wrong) throw new PatternError(wrong);
  return patterns;
}

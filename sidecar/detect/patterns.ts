import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RE2JS } from 're2js';
import { isNode, LineCounter, parseDocument, visit, type Document } from 'yaml';
import type { Shape } from './envelope.ts';
import { fieldTest, readPaths, type Wanted } from './fields.ts';
import type { Pattern } from './pattern.ts';
import { patternFile, type RawPattern, type RawPatternFile } from './pattern-schema.ts';
import { checkSamples } from './samples.ts';

/** A pattern that cannot be used. The message starts with file and line. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** Where sessions stand in a JSON line, unless a file or a pattern says otherwise. */
const SESSION_FIELDS = ['sessionId', 'session.id', 'session', 'sessionName', 'whatsappId', 'channel.id', 'channel', 'instanceName', 'instance'];

/** Every pattern of a folder's YAML files, checked against the schema and its own samples. Throws a PatternError. */
export function loadPatterns(dir: string): Pattern[] {
  let names: string[];
  try {
    names = readdirSync(dir).filter((name) => /\.ya?ml$/.test(name)).sort();
  } catch (cause) {
    throw new PatternError(`${dir}: the patterns folder cannot be read, so no line can be judged; check AUTO_FIX_PATTERNS_DIR (${(cause as Error).message})`);
  }
  if (names.length === 0) throw new PatternError(`${dir}: holds no *.yaml, so no line can be judged; check AUTO_FIX_PATTERNS_DIR`);
  const patterns = names.flatMap((name) => parsePatterns(name, readText(join(dir, name))));
  return checkedTogether(patterns);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new PatternError(`${path}: cannot be read (${(cause as Error).message})`);
  }
}

/** The patterns of one file's text; `file` is for messages. Samples are checked by `checkedTogether`. */
export function parsePatterns(file: string, text: string): Pattern[] {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, merge: true });
  const broken = doc.errors[0];
  if (broken) throw new PatternError(`${file}:${broken.linePos?.[0].line ?? 1}: not readable as YAML: ${broken.message.split('\n')[0]}`);
  const lineOf = (path: readonly PropertyKey[]) => lineOfPath(doc, lines, path);
  const checked = patternFile.safeParse(plainOf(file, doc, lines));
  if (!checked.success) {
    const issue = checked.error.issues[0]!;
    throw new PatternError(`${file}:${lineOf(issue.path)}: ${issue.path.join('.') || 'the file'}: ${issue.message}`);
  }
  const linear = <T>(path: readonly PropertyKey[], whose: string, compiled: () => T): T => {
    try {
      return compiled();
    } catch (cause) {
      throw new PatternError(`${file}:${lineOf(path)}: ${whose}: the expression cannot be used, it must run in linear time (no look-around, no back-references): ${(cause as Error).message}`);
    }
  };
  const { phrases } = checked.data;
  const compiledPhrases = phrases === undefined ? null : linear(['phrases'], 'phrases', () => RE2JS.compile(phrases));
  return checked.data.patterns.map((raw, index) => compilePattern(raw, checked.data, {
    where: `${file}:${lineOf(['patterns', index])}`,
    phrases: compiledPhrases,
    expression: raw.expression === undefined ? null : linear(['patterns', index, 'expression'], raw.id, () => RE2JS.compile(raw.expression!)),
    fields: Object.entries(raw.fields ?? {}).map(([path, wanted]) => linear(['patterns', index, 'fields', path], raw.id, () => fieldTest(path, wanted as Wanted))),
  }));
}

/** The file as plain values. An alias of nothing, or of far too much, shows only here. */
function plainOf(file: string, doc: Document, lines: LineCounter): unknown {
  try {
    return doc.toJS();
  } catch (cause) {
    let at = 0;
    visit(doc, {
      Alias(_, alias) {
        at = alias.range?.[0] ?? at;
        return alias.resolve(doc) === undefined ? visit.BREAK : undefined;
      },
    });
    throw new PatternError(`${file}:${lines.linePos(at).line}: not readable as YAML: ${(cause as Error).message}`);
  }
}

function lineOfPath(doc: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = doc.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

type Compiled = Pick<Pattern, 'where' | 'phrases' | 'expression' | 'fields'>;

function compilePattern(raw: RawPattern, file: RawPatternFile, compiled: Compiled): Pattern {
  return {
    ...compiled,
    id: raw.id,
    service: file.service,
    alone: file.alone ?? false,
    class: raw.class,
    part: raw.part ?? null,
    shapes: new Set([raw.shape].flat() as Shape[]),
    literals: raw.literals,
    by: raw.by ?? 'named',
    sessionPaths: (raw.sessionFields ?? file.sessionFields ?? SESSION_FIELDS).flatMap(readPaths),
    causePaths: (raw.cause ?? []).flatMap(readPaths),
    companions: raw.companions ?? [],
    suspect: raw.suspect ?? raw.class === 'suspect',
    clears: raw.clears ?? (raw.class === 'recovery' ? ['corruption', 'disconnect'] : []),
    phase: raw.phase ?? null,
    only: raw.only ?? null,
    advice: raw.advice ?? null,
    hits: raw.hits,
    misses: raw.misses,
  };
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

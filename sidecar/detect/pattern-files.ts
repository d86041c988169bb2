import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isNode, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { fieldTest, type Wanted } from './fields.ts';
import { linear } from './linear.ts';
import { PatternError, type WrittenPattern } from './pattern.ts';
import { patternFile } from './pattern-schema.ts';

/** The patterns of a folder's YAML files as they are written there, checked against the schema. Throws a PatternError. */
export function readPatternFiles(dir: string): WrittenPattern[] {
  let names: string[];
  try {
    names = readdirSync(dir).filter((name) => /\.ya?ml$/.test(name)).sort();
  } catch (cause) {
    throw new PatternError(`${dir}: the patterns folder cannot be read, so no line can be judged; check AUTO_FIX_PATTERNS_DIR (${(cause as Error).message})`);
  }
  if (names.length === 0) throw new PatternError(`${dir}: holds no *.yaml, so no line can be judged; check AUTO_FIX_PATTERNS_DIR`);
  return names.flatMap((name) => patternsIn(name, readText(join(dir, name))));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new PatternError(`${path}: cannot be read (${(cause as Error).message})`);
  }
}

/** `file` is for messages. */
function patternsIn(file: string, text: string): WrittenPattern[] {
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
  const isLinear = (path: readonly PropertyKey[], whose: string, compile: () => unknown): void => {
    try {
      compile();
    } catch (cause) {
      throw new PatternError(`${file}:${lineOf(path)}: ${whose}: the expression cannot be used, it must run in linear time (no look-around, no back-references): ${(cause as Error).message}`);
    }
  };
  const { patterns, ...rest } = checked.data;
  if (rest.phrases !== undefined) isLinear(['phrases'], 'phrases', () => linear(rest.phrases!));
  for (const [index, { id, expression, fields }] of patterns.entries()) {
    if (expression !== undefined) isLinear(['patterns', index, 'expression'], id, () => linear(expression));
    for (const [path, wanted] of Object.entries(fields ?? {})) isLinear(['patterns', index, 'fields', path], id, () => fieldTest(path, wanted as Wanted));
  }
  return patterns.map((pattern, index) => ({ pattern, file: rest, where: `${file}:${lineOf(['patterns', index])}` }));
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

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEnvelope } from '../../sidecar/detect/envelope.ts';
import { matchPattern } from '../../sidecar/detect/match.ts';
import { loadPatterns, PatternError } from '../../sidecar/detect/patterns.ts';
import { PATTERNS } from './stage.ts';

describe('the shipped patterns', () => {
  for (const pattern of PATTERNS) {
    describe(`${pattern.id} (${pattern.service})`, () => {
      it.each(pattern.hits)('is the only one to hit: $line', ({ line, session }) => {
        const met = PATTERNS.flatMap((one) => matchPattern(one, readEnvelope(line), line) ?? []);
        expect(met.map((match) => [match.pattern.id, match.spelled])).toEqual([[pattern.id, session]]);
      });
      it.each(pattern.misses)('does not hit: %s', (line) => {
        expect(matchPattern(pattern, readEnvelope(line), line)).toBeNull();
      });
    });
  }
});

describe('a patterns folder of the operator\'s own', () => {
  let dir: string;
  beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'patterns-')); });
  afterEach(() => rmSync(dir, { recursive: true }));

  const PATTERN = `service: mine
patterns:
  - id: door-slammed
    class: disconnect
    shape: server
    literals: ['door slammed']
    expression: '^door slammed: (?P<session>.+)$'
    hits: [{ line: 'info: door slammed: loja1', session: loja1 }]
    misses: ['door slammed: loja1']
`;
  const refusalOf = (yaml: string, name = 'mine.yaml'): string => {
    writeFileSync(join(dir, name), yaml);
    try {
      loadPatterns(dir);
    } catch (error) {
      expect(error).toBeInstanceOf(PatternError);
      return (error as Error).message;
    }
    return 'loaded';
  };

  it('is loaded when every sample has the right verdict', () => {
    expect(refusalOf(PATTERN)).toBe('loaded');
  });

  it.each([
    ['a pattern without a line it must hit', PATTERN.replace(/hits: .*/, 'hits: []'), /^mine\.yaml:8: patterns\.0\.hits: a pattern needs at least one line it must hit/],
    ['a pattern without a line it must not hit', PATTERN.replace(/misses: .*/, 'misses: []'), /^mine\.yaml:9: patterns\.0\.misses/],
    ['a sample it does not hit', PATTERN.replace('info: door slammed: loja1', 'info: gate slammed: loja1'), /^mine\.yaml:3: door-slammed does not hit its own sample/],
    ['a sample of another session', PATTERN.replace('session: loja1 }', 'session: loja2 }'), /door-slammed reads session loja1 instead of loja2/],
    ['a line it hits though it must not', PATTERN.replace("misses: ['", "misses: ['info: "), /door-slammed hits a line it must not hit/],
    ['a second pattern for the same line', PATTERN + PATTERN.slice(PATTERN.indexOf('  - id')).replace('door-slammed', 'door-slammed-too'), /door-slammed and door-slammed-too \(mine\.yaml:10\) both hit/],
    ['the same id twice', PATTERN + PATTERN.slice(PATTERN.indexOf('  - id')), /^mine\.yaml:10: door-slammed: the same id stands at mine\.yaml:3/],
    ['an unknown class', PATTERN.replace('class: disconnect', 'class: panic'), /^mine\.yaml:4: patterns\.0\.class/],
    ['a misspelled setting', PATTERN.replace('literals:', 'literal:'), /^mine\.yaml:\d+: patterns\.0/],
    ['an unknown companion', PATTERN.replace("    hits:", '    companions: [window-opened]\n    hits:'), /^mine\.yaml:3: door-slammed: no pattern is called window-opened/],
    ['an expression that may start anywhere', PATTERN.replace("'^door", "'door"), /^mine\.yaml:7: .*must start with \^/],
    ['a field expression that may start anywhere', PATTERN.replace('    hits:', "    fields: { a.b: { matches: 'x+' } }\n    hits:"), /^mine\.yaml:8: .*/],
    ['a broken expression', PATTERN.replace('(?P<session>.+)$', '(?P<session>.+'), /^mine\.yaml:7: door-slammed: the expression cannot be used/],
    ['a broken field expression', PATTERN.replace('    hits:', "    fields: { a.b: { matches: '^(x' } }\n    hits:"), /^mine\.yaml:8: door-slammed: the expression cannot be used/],
    ['broken phrases', PATTERN.replace('patterns:', "phrases: '^(?=x)'\npatterns:"), /^mine\.yaml:2: phrases: the expression cannot be used/],
    ['an alias of nothing', PATTERN.replace('class: disconnect', 'class: *nowhere'), /^mine\.yaml:4: not readable as YAML: Unresolved alias/],
    ['aliases of aliases of aliases', ['a: &a [x, x, x, x, x, x, x, x, x]', ...'bcdefg'.split('').map((name, n) => `${name}: &${name} [${Array(9).fill(`*${'abcdef'[n]}`).join(', ')}]`)].join('\n'), /^mine\.yaml:\d+: not readable as YAML: Excessive alias count/],
    ['text that is not YAML', 'service: [', /^mine\.yaml:\d+: not readable as YAML/],
    ['a file without patterns', 'service: mine\n', /^mine\.yaml:1: patterns/],
  ])('is refused with file and line for %s', (_what, yaml, message) => {
    expect(refusalOf(yaml)).toMatch(message);
  });

  it.each(['^(?=a)a', '^(a)\\1', '^(?<!x)a', '^(?:(?:a{1000}){1000}){1000}'])('is refused for %s, which cannot run in linear time', (expression) => {
    expect(refusalOf(PATTERN.replace("'^door slammed: (?P<session>.+)$'", JSON.stringify(expression)))).toMatch(/must run in linear time/);
  });

  // Each takes a backtracking engine longer than the age of the universe on the line below: ending at all is the proof.
  it.each([
    ['^(?:a+)+$', 'aaaa'], ['^(?:a|aa)+$', 'aaaa'], ['^(?:a|a)*$', 'aaaa'], ['^(?:.*a){4}$', 'aaaa'], ['^(?:[a-z]+)*\\d$', 'aaaa9'],
  ])('may hold %s, known to run away elsewhere: here a hostile line costs nothing', (expression, sample) => {
    const pattern = { id: 'runaway', class: 'disconnect', shape: 'server', literals: ['aaaa'], expression, hits: [{ line: `info: ${sample}`, session: null }], misses: [sample] };
    writeFileSync(join(dir, 'mine.yaml'), JSON.stringify({ service: 'mine', patterns: [pattern] }));
    const hostile = `info: ${'a'.repeat(3_000)}!`;
    expect(matchPattern(loadPatterns(dir)[0]!, readEnvelope(hostile), hostile)).toBeNull();
  });

  it('stands at the start with each of its alternatives: what comes later in a line may be somebody else\'s text', () => {
    const pattern = { id: 'two-ways', class: 'disconnect', shape: ['server', 'json'], literals: ['slammed'], expression: '^door slammed|gate slammed', hits: [{ line: 'info: gate slammed', session: null }], misses: ['door slammed'] };
    const fields = { ...pattern, id: 'two-fields', expression: undefined, shape: 'json', literals: ['shut'], fields: { said: { matches: '^door shut|gate shut' } }, hits: [{ line: '{"said":"gate shut"}', session: null }] };
    writeFileSync(join(dir, 'mine.yaml'), JSON.stringify({ service: 'mine', patterns: [pattern, fields] }));
    const [first, second] = loadPatterns(dir);
    for (const [one, line] of [[first!, 'info: He wrote: gate slammed'], [second!, '{"said":"He wrote: gate shut"}']] as const) expect(matchPattern(one, readEnvelope(line), line)).toBeNull();
  });

  it('says which folder it missed', () => {
    expect(() => loadPatterns(join(dir, 'nowhere'))).toThrow(/nowhere: the patterns folder cannot be read.*AUTO_FIX_PATTERNS_DIR/);
    expect(() => loadPatterns(dir)).toThrow(/holds no \*\.yaml/);
  });
});

import type { RE2JS } from 're2js';
import type { Shape } from './envelope.ts';
import { fieldTest, readPaths, type Wanted } from './fields.ts';
import { linear } from './linear.ts';
import type { Pattern, WrittenPattern } from './pattern.ts';

/** Where sessions stand in a JSON line, unless a file or a pattern says otherwise. */
const SESSION_FIELDS = ['sessionId', 'session.id', 'session', 'sessionName', 'whatsappId', 'channel.id', 'channel', 'instanceName', 'instance'];

/** Its expressions are compiled by the first line that needs them: in a quiet log none is, and together they take 15 MB. */
export function compilePattern({ pattern: raw, file, where }: WrittenPattern): Pattern {
  const expression = once(() => readLinear(raw.expression));
  const phrases = once(() => readLinear(file.phrases));
  const fields = once(() => Object.entries(raw.fields ?? {}).map(([path, wanted]) => fieldTest(path, wanted as Wanted)));
  return {
    id: raw.id,
    service: file.service,
    alone: file.alone ?? false,
    where,
    class: raw.class,
    part: raw.part ?? null,
    shapes: new Set([raw.shape].flat() as Shape[]),
    literals: raw.literals,
    get expression() { return expression(); },
    get phrases() { return phrases(); },
    get fields() { return fields(); },
    by: raw.by ?? 'named',
    sessionPaths: (raw.sessionFields ?? file.sessionFields ?? SESSION_FIELDS).flatMap(readPaths),
    causePaths: (raw.cause ?? []).flatMap(readPaths),
    companions: raw.companions ?? [],
    suspect: raw.suspect ?? raw.class === 'suspect',
    clears: raw.clears ?? (raw.class === 'recovery' ? ['corruption', 'disconnect'] : []),
    phase: raw.phase ?? null,
    only: raw.only ?? null,
    contested: raw.contested ?? false,
    advice: raw.advice ?? null,
    hits: raw.hits,
    misses: raw.misses,
  };
}

const readLinear = (text: string | undefined): RE2JS | null => (text === undefined ? null : linear(text));

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

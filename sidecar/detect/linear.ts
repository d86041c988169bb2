import { RE2JS } from 're2js';

const compiled = new Map<string, RE2JS>();

/** An expression that runs in linear time, compiled once however often it is asked for. Throws for any other. */
export function linear(expression: string): RE2JS {
  let known = compiled.get(expression);
  if (known === undefined) compiled.set(expression, known = RE2JS.compile(expression));
  return known;
}

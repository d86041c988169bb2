import { linear } from './linear.ts';
import type { Fields } from './envelope.ts';

/** Longest text an expression looks at; a program's own words come first and are far shorter. */
export const LONGEST_SAID = 4_096;

type Scalar = string | number | boolean;

/** What one field must be: one of these values, or text that matches, or nothing at all. */
export type Wanted = readonly Scalar[] | { matches: string } | { not: readonly Scalar[] } | { absent: true };

/** Holds when any of the paths has a wanted value; `not` and `absent` must hold on every path. */
export interface FieldTest {
  paths: readonly (readonly string[])[];
  describes: string;
  holds(value: unknown): boolean;
  onEvery: boolean;
}

/** `err.message|error.message` to its paths. */
export const readPaths = (written: string): string[][] => written.split('|').map((path) => path.split('.'));

/** The value at that path, following own properties only; undefined where it ends early. */
export function valueAt(fields: unknown, path: readonly string[]): unknown {
  let here = fields;
  for (const name of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return undefined;
    here = (here as Fields)[name];
  }
  return here;
}

export function fieldTest(written: string, wanted: Wanted): FieldTest {
  return { paths: readPaths(written), describes: `${written} is ${JSON.stringify(wanted)}`, holds: compare(wanted), onEvery: 'absent' in wanted || 'not' in wanted };
}

function compare(wanted: Wanted): (value: unknown) => boolean {
  if (Array.isArray(wanted)) return oneOf(wanted);
  if ('not' in wanted) {
    const unwanted = oneOf(wanted.not);
    return (value) => !unwanted(value);
  }
  if ('absent' in wanted) return (value) => value === undefined || value === null || value === '';
  const expression = linear((wanted as { matches: string }).matches);
  return (value) => typeof value === 'string' && expression.matcher(value.slice(0, LONGEST_SAID)).lookingAt();
}

function oneOf(values: readonly Scalar[]): (value: unknown) => boolean {
  // A status code is a number in one program and a string in the next.
  const words = new Set(values.map(String));
  return (value) => value !== undefined && typeof value !== 'object' && words.has(String(value));
}

export function testHolds(test: FieldTest, fields: Fields | null): boolean {
  if (!fields) return false;
  const holds = (path: readonly string[]) => test.holds(valueAt(fields, path));
  return test.onEvery ? test.paths.every(holds) : test.paths.some(holds);
}

/** The first of these fields that holds a name: text, or a number as Whaticket writes it. */
export function firstName(fields: Fields | null, paths: readonly (readonly string[])[]): string | null {
  for (const path of paths) {
    const value = valueAt(fields, path);
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number') return String(value);
  }
  return null;
}

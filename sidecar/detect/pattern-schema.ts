import { z } from 'zod';
import { SHAPES } from './envelope.ts';

/** Shorter literals let too many everyday lines through to the slow path. */
const SHORTEST_LITERAL = 4;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const wanted = z.union([
  z.array(scalar).min(1),
  z.strictObject({ matches: z.string().startsWith('^', 'must start with ^') }),
  z.strictObject({ not: z.array(scalar).min(1) }),
  z.strictObject({ absent: z.literal(true) }),
]);
const anchored = z.string().startsWith('^', 'must start with ^: what comes later in a line may be somebody else\'s text');
const shape = z.enum(SHAPES as [string, ...string[]]);
const faultClass = z.enum(['corruption', 'disconnect']);
const phase = z.enum(['starting', 'started', 'closed']);

const pattern = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'must be lower case words joined by dashes'),
  class: z.enum(['corruption', 'disconnect', 'recovery', 'logout', 'activity', 'suspect', 'benign']),
  part: z.enum(['header', 'verdict-bad', 'verdict-benign', 'peer', 'retold', 'retold-bad']).optional(),
  shape: z.union([shape, z.array(shape).min(1)]),
  literals: z.array(z.string().min(SHORTEST_LITERAL)).min(1),
  expression: anchored.optional(),
  fields: z.record(z.string(), wanted).optional(),
  by: z.enum(['named', 'path', 'trailing-name', 'whatsapp-id']).optional(),
  sessionFields: z.array(z.string()).min(1).optional(),
  cause: z.array(z.string()).min(1).optional(),
  companions: z.array(z.string()).min(1).optional(),
  suspect: z.boolean().optional(),
  clears: z.array(faultClass).optional(),
  phase: phase.optional(),
  only: phase.optional(),
  contested: z.literal(true).optional(),
  advice: z.string().optional(),
  hits: z.array(z.strictObject({ line: z.string(), session: z.string().nullable() })).min(1, 'a pattern needs at least one line it must hit'),
  misses: z.array(z.string()).min(1, 'a pattern needs at least one line it must not hit'),
}).refine((p) => p.expression !== undefined || p.fields !== undefined, 'needs an expression, fields, or both');

type Shaped = { fields?: unknown; expression?: unknown; shape: string | string[] };
const readsLooseFields = (p: Shaped) => p.fields !== undefined && p.expression === undefined && [p.shape].flat().includes('winston');

/** One file of `patterns/`. */
export const patternFile = z.strictObject({
  service: z.string().min(1),
  alone: z.boolean().optional(),
  phrases: anchored.optional(),
  sessionFields: z.array(z.string()).min(1).optional(),
  patterns: z.array(pattern).min(1),
}).refine(
  (file) => file.phrases !== undefined || !file.patterns.some(readsLooseFields),
  'a pattern that reads fields of winston lines needs an expression, or the file needs phrases',
);

export type RawPattern = z.infer<typeof pattern>;
export type RawPatternFile = z.infer<typeof patternFile>;

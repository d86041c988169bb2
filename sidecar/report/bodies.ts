import { z } from 'zod';
import { parseDuration } from '../settings/readers.ts';
import { RUNGS, type Rung } from '../words.ts';
import { HouseError } from './house.ts';

export type Bodies = typeof import('./bodies.ts');

const FIX = z.strictObject({ rung: z.enum(RUNGS as [string, ...string[]]).nullish(), dryRun: z.boolean().nullish() });
const FIX_EXPECTED = `a body such as {"rung":"restart","dryRun":false}; rungs are ${RUNGS.join(', ')}`;
const FOR_HOW_LONG = z.strictObject({ for: z.string().nullish().refine((text) => text == null || parseDuration(text) !== null) });
const FOR_EXPECTED = 'a body such as {"for":"2h"}, or none';

export function howToFix(body: unknown): { rung: Rung | null; dryRun: boolean } {
  const { rung, dryRun } = read(FIX, body, FIX_EXPECTED);
  return { rung: RUNGS.find((known) => known === rung) ?? null, dryRun: dryRun ?? false };
}

/** Null: until somebody ends it. 0 ends a mute. */
export function forMs(body: unknown): number | null {
  const { for: text } = read(FOR_HOW_LONG, body, FOR_EXPECTED);
  return text == null ? null : parseDuration(text);
}

function read<T>(schema: z.ZodType<T>, body: unknown, expected: string): T {
  const read = schema.safeParse(body ?? {});
  if (!read.success) throw new HouseError('bad-request', `the body cannot be read; expected ${expected}`);
  return read.data;
}

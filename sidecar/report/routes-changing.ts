import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { parseDuration } from '../settings/readers.ts';
import { RUNGS } from '../words.ts';
import { HouseError, type House } from './house.ts';
import type { Behind, OneSession } from './routes-looking.ts';

const FIX = z.strictObject({ rung: z.enum(RUNGS as [string, ...string[]]).nullish(), dryRun: z.boolean().nullish() });
const FIX_EXPECTED = `a body such as {"rung":"restart","dryRun":false}; rungs are ${RUNGS.join(', ')}`;
const FOR_HOW_LONG = z.strictObject({ for: z.string().nullish().refine((text) => text == null || parseDuration(text) !== null) });
const FOR_EXPECTED = 'a body such as {"for":"2h"}, or none';

/** The endpoints that change something; every one stands behind the token. */
export function changingRoutes(app: FastifyInstance, house: House, token: Behind): void {
  app.post<OneSession>('/api/sessions/:id/fix', token, async ({ params, body }) => {
    const { rung, dryRun } = read(FIX, body, FIX_EXPECTED);
    return house.fix(params.id, { rung: RUNGS.find((known) => known === rung) ?? null, dryRun: dryRun ?? false });
  });
  app.post<OneSession>('/api/sessions/:id/mute', token, async ({ params, body }) => {
    await house.mute(params.id, forMs(body));
    return { ok: true };
  });
  app.post('/api/pause', token, async ({ body }) => {
    const ms = forMs(body);
    if (ms === 0) throw new HouseError('bad-request', 'a pause of no time is none; POST /api/resume ends one');
    await house.pause(ms);
    return { ok: true };
  });
  app.post('/api/resume', token, async () => {
    await house.resume();
    return { ok: true };
  });
  app.post<OneSession>('/api/backups/:id/restore', token, async ({ params }) => ({ outcome: await house.restore(params.id) }));
}

/** Null: until somebody ends it. 0 ends a mute. */
function forMs(body: unknown): number | null {
  const { for: text } = read(FOR_HOW_LONG, body, FOR_EXPECTED);
  return text == null ? null : parseDuration(text);
}

function read<T>(schema: z.ZodType<T>, body: unknown, expected: string): T {
  const read = schema.safeParse(body ?? {});
  if (!read.success) throw new HouseError('bad-request', `the body cannot be read; expected ${expected}`);
  return read.data;
}

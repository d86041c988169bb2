import type { FastifyInstance } from 'fastify';
import type { Bodies } from './bodies.ts';
import { HouseError, type House } from './house.ts';
import type { Behind, OneSession } from './routes-looking.ts';

/** The endpoints that change something; every one stands behind the token. */
export function changingRoutes(app: FastifyInstance, house: House, token: Behind): void {
  app.post<OneSession>('/api/sessions/:id/fix', token, async ({ params, body }) => house.fix(params.id, (await bodies()).howToFix(body)));
  app.post<OneSession>('/api/sessions/:id/mute', token, async ({ params, body }) => {
    await house.mute(params.id, (await bodies()).forMs(body));
    return { ok: true };
  });
  app.post('/api/pause', token, async ({ body }) => {
    const ms = (await bodies()).forMs(body);
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

/** What reads bodies is loaded by the first request that has one, not with every start. */
const bodies = (): Promise<Bodies> => import('./bodies.ts');

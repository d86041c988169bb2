import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { QrAnswer } from '../gateways/gateway.ts';
import type { Health, House } from './house.ts';

export interface Behind { onRequest(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> }
export interface OneSession { Params: { id: string } }

/** A sidecar that needs longer to say how it is, is not well. */
const HEALTH_MS = 5_000;

/** The endpoints that change nothing. */
export function lookingRoutes(app: FastifyInstance, house: House, guards: { token: Behind; wrapperSecret: Behind }, clean: (text: string) => string): void {
  app.get('/healthz', async (_request, reply) => {
    const health = await inTime(house);
    return reply.code(health.ok ? 200 : 503).send({ ...health, faults: health.faults.map(clean), ...('notes' in health ? { notes: health.notes.map(clean) } : {}) });
  });
  app.get('/metrics', async (_request, reply) => {
    const { text, contentType } = await house.metrics();
    return reply.header('content-type', contentType).send(text);
  });
  app.get('/api/sessions', async () => ({ sessions: await house.sessions() }));
  app.get<OneSession>('/api/sessions/:id', async ({ params }) => ({ session: await house.session(params.id) }));
  app.get('/api/incidents', async () => ({ incidents: await house.incidents(), alerts: await house.alerts() }));
  app.get('/api/repairs', async () => ({ repairs: await house.repairs() }));
  app.get('/api/backups', async () => ({ backups: await house.backups() }));
  // The wrapper's own shape, so that its readers can be pointed here.
  app.get('/api/channels', guards.wrapperSecret, async () => ({ success: true, channels: await house.channels() }));
  app.get<OneSession>('/api/sessions/:id/qr.png', guards.token, async ({ params }, reply) => sendQr(await house.qr(params.id), reply));
}

type BareHealth = Pick<Health, 'ok' | 'faults'>;

/** `ok` and `faults` always, the rest when the house can still say it. */
async function inTime(house: House): Promise<Health | BareHealth> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<BareHealth>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, faults: [`the sidecar could not say within ${HEALTH_MS / 1000} s how it is`] }), HEALTH_MS);
  });
  try {
    return await Promise.race([house.health(), late]);
  } catch (error) {
    return { ok: false, faults: [`the sidecar could not look at itself: ${(error as Error).message}`] };
  } finally {
    clearTimeout(timer);
  }
}

function sendQr(answer: QrAnswer, reply: FastifyReply): FastifyReply {
  if (answer.kind === 'qr') return reply.type('image/png').send(answer.png);
  const message = answer.kind === 'connected' ? 'the session is connected and needs no QR' : answer.detail;
  return reply.code(answer.kind === 'failed' ? 502 : 409).send({ error: answer.kind, message });
}

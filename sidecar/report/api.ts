import { fastify, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Tell } from './audit-log.ts';
import { Guard, type Keys, type Turned } from './guard.ts';
import { HouseError, type House, type HouseFault } from './house.ts';
import { lookingRoutes } from './routes-looking.ts';
import { changingRoutes } from './routes-changing.ts';

/** The largest body anybody has to send names a rung. */
const BODY_BYTES = 16 * 1024;
/** A session's name may be long and percent-encoded. */
const NAME_CHARS = 600;
/** A client that sends its headers slower than this is none. */
const REQUEST_MS = 30_000;

const STATUS: Record<HouseFault, number> = { 'not-found': 404, refused: 409, 'bad-request': 400, unavailable: 503 };

export interface ApiOptions {
  house: House;
  keys: Keys;
  /** This instance answers on the unix socket. */
  local: boolean;
  /** Takes secrets, numbers and message text out of what an error says. */
  clean: (text: string) => string;
  tell: Tell;
}

/** All endpoints on one door, not listening yet. Errors are `{"error","message"}`. */
export async function buildApi(options: ApiOptions): Promise<FastifyInstance> {
  const { clean, tell } = options;
  const fail = (reply: FastifyReply, status: number, error: string, message: string): FastifyReply =>
    reply.code(status).header('content-type', 'application/json; charset=utf-8').send(JSON.stringify({ error, message: clean(message) }));
  const failWith = (error: Error, reply: FastifyReply): FastifyReply => {
    if (error instanceof HouseError) return fail(reply, STATUS[error.fault], error.code ?? error.fault, error.message);
    const { statusCode: status, code } = error as FastifyError;
    if (status !== undefined && status < 500) return fail(reply, status, REQUEST_FAULTS[code] ?? 'bad-request', error.message);
    tell('error', `a request could not be answered: ${error.message}; this is a fault of the sidecar itself`);
    return fail(reply, 500, 'internal', 'the sidecar failed to answer; its log says why');
  };

  const app = fastify({
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    forceCloseConnections: true,
    return503OnClosing: true,
    routerOptions: { maxParamLength: NAME_CHARS },
    frameworkErrors: (error, _request, reply) => void failWith(error, reply as FastifyReply),
  });
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });
  app.setErrorHandler((error: Error, _request, reply) => failWith(error, reply));
  app.setNotFoundHandler((_request, reply) =>
    fail(reply, 404, 'not-found', 'there is no such endpoint; see /healthz, /metrics, /api/sessions, /api/incidents, /api/repairs, /api/backups, /api/channels'));

  const guard = new Guard(options.keys, options.local);
  const behind = (check: (request: FastifyRequest) => Turned | null) => ({
    onRequest: async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
      const turned = check(request);
      return turned ? fail(reply, turned.status, turned.error, turned.message) : undefined;
    },
  });
  const token = behind((request) => guard.token(request));
  const wrapperSecret = behind((request) => guard.wrapperSecret(request));
  lookingRoutes(app, options.house, { token, wrapperSecret }, clean);
  changingRoutes(app, options.house, token);
  await app.ready();
  return app;
}

/** Fastify's codes that have a better name. */
const REQUEST_FAULTS: Record<string, string> = { FST_ERR_CTP_BODY_TOO_LARGE: 'too-large', FST_ERR_CTP_INVALID_MEDIA_TYPE: 'not-json' };

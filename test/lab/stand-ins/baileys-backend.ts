import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { BAILEYS_FAULTS } from './baileys-faults.ts';
import { RedisMirror } from './baileys-keys.ts';
import { BaileysSession } from './baileys-session.ts';
import { World } from './baileys-world.ts';
import { answer, LAB_PREFIX, Service, type Answer, type Asked } from './service.ts';

export interface BackendOptions {
  port: number;
  /** Holds `<company>/<id>`, one folder per number. */
  dir: string;
  /** Folder for WhatsApp's side and the peers: outside everything that a repair touches. */
  worldDir: string;
  token: string;
  /** Numbers; each is linked at its very first start. */
  sessions: number[];
  redisUrl?: string;
  startMs?: number;
  out: Writable;
  err: Writable;
}

export interface Backend {
  port: number;
  url: string;
  pid: number;
  /** Ends the process as a killed container. */
  stop(): Promise<void>;
}

const COMPANY = '1';

/** A Whaticket-style backend in a process of its own, because libsignal prints to the process's own stdout and stderr. */
export async function startBaileysBackend(options: BackendOptions): Promise<Backend> {
  const child = fork(fileURLToPath(import.meta.url), {
    execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      PATH: process.env.PATH, LAB_PORT: String(options.port), LAB_ADDRESS: '127.0.0.1', BAILEYS_SESSIONS_DIR: options.dir, LAB_WORLD_DIR: options.worldDir,
      BACKEND_TOKEN: options.token, LAB_SESSIONS: options.sessions.join(','), REDIS_URL: options.redisUrl, LAB_START_MS: options.startMs?.toString(),
    },
  });
  child.stdout!.pipe(options.out, { end: false });
  child.stderr!.pipe(options.err, { end: false });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number));
    child.once('exit', (code) => reject(new Error(`the backend stand-in ended at its start with code ${code}`)));
  });
  return {
    port, url: `http://127.0.0.1:${port}`, pid: child.pid!,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function serve(sessions: Map<string, BaileysSession>, token: string): Service {
  const service = new Service();
  const guarded = (handler: (asked: Asked) => Answer | Promise<Answer>) => (asked: Asked) =>
    asked.headers.authorization === `Bearer ${token}` ? handler(asked) : answer(401, { error: 'ERR_SESSION_EXPIRED' });
  const ofSession = (handler: (session: BaileysSession) => Answer | Promise<Answer>) => guarded(({ params }) => {
    const session = sessions.get(params.id!);
    return session ? handler(session) : answer(404, { error: 'ERR_NO_WAPP_FOUND' });
  });

  service.route('GET', '/health', () => answer(200, { status: 'ok' }));
  service.route('GET', '/whatsapp', guarded(() => answer(200, [...sessions.values()].map(({ status, parts: { id } }) => (
    { id, name: `Number ${id}`, status, qrcode: status === 'qrcode' ? `2@lab${id}` : '', isDefault: false, companyId: Number(COMPANY) })))));
  service.route('PUT', '/whatsapp/:id/disconnect', ofSession(async (session) => (await session.disconnect(), answer(200, { message: 'Session disconnected.' }))));
  service.route('PUT', '/whatsapp/:id/start-session', ofSession((session) => (session.start(), answer(200, { message: 'Starting session.' }))));
  service.route('POST', '/whatsappsession/:id', ofSession((session) => (session.start(), answer(200, { message: 'Starting session.' }))));
  /** Logs out for good, as in the real forks: a client that calls it has broken something. */
  service.route('DELETE', '/whatsappsession/:id', ofSession(async (session) => (await session.unlinkOnPhone(), answer(200, { message: 'Session disconnected.' }))));

  service.route('GET', `${LAB_PREFIX}/state`, () => answer(200, { sessions: Object.fromEntries([...sessions].map(([id, session]) => [id, view(session)])) }));
  service.route('POST', `${LAB_PREFIX}/sessions/:session/:fault`, async ({ params, json }) => {
    const session = sessions.get(params.session!);
    const fault = BAILEYS_FAULTS[params.fault!];
    if (!session || !fault) return answer(404, { error: fault ? `no number ${params.session}` : `no fault ${params.fault}` });
    return answer(200, { result: (await fault(session, json)) ?? null, ...view(session) });
  });
  service.route('POST', `${LAB_PREFIX}/print`, ({ text }) => (process.stdout.write(`${text}\n`), answer(200, {})));
  return service;
}

const view = ({ status, starts, connectedSince }: BaileysSession) => ({ status, starts, connectedSince });

if (import.meta.main) await run();

async function run(): Promise<void> {
  const { env } = process;
  const redis = env.REDIS_URL ? connect(env.REDIS_URL) : null;
  const dir = env.BAILEYS_SESSIONS_DIR ?? '/app/private/sessions';
  const worldDir = env.LAB_WORLD_DIR ?? '/world';
  const logger = pino({}, process.stdout);
  const sessions = new Map((env.LAB_SESSIONS ?? '').split(',').filter(Boolean).map((id) => {
    const say: BaileysSession['parts']['say'] = (level, text) => process.stdout.write(`${level} [wbot] whatsappId=${id} ${text}\n`);
    const mirror = new RedisMirror(redis, Number(id), (message) => say('ERROR', `redis: ${message}`));
    const world = new World(join(worldDir, `${id}.json`), Number(id));
    return [id, new BaileysSession({ id: Number(id), dir: join(dir, COMPANY, id), world, mirror, logger, say, startMs: Number(env.LAB_START_MS ?? 300), now: Date.now })];
  }));
  const service = serve(sessions, env.BACKEND_TOKEN ?? '');
  const port = await service.listen(Number(env.LAB_PORT ?? 8080), env.LAB_ADDRESS ?? '0.0.0.0');
  for (const [id, session] of sessions) {
    const isNew = !existsSync(join(worldDir, `${id}.json`));
    session.start();
    if (isNew) await linkFirst(session);
  }
  process.send?.(port);
  process.once('disconnect', () => process.exit(0)); // never outlives the test that started it
  process.once('SIGTERM', () => process.exit(0));
}

/** A number of the lab begins linked, as an operator's does. */
async function linkFirst(session: BaileysSession): Promise<void> {
  while (session.status === 'OPENING') await new Promise((resolve) => setTimeout(resolve, 20));
  await session.scan();
}

function connect(url: string): Redis {
  const redis = new Redis(url, { enableOfflineQueue: true, maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined); // each command says its own error
  return redis;
}

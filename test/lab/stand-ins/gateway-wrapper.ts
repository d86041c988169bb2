import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { answer, Service, type Answer, type Asked } from './service.ts';
import { addWrapperControl } from './wrapper-control.ts';
import { WrapperLog, type WrapperShape } from './wrapper-log.ts';
import { WppClient, type Upstream } from './wrapper-upstream.ts';
import { addWebhookRoute } from './wrapper-webhooks.ts';

export interface WrapperOptions {
  port: number;
  address?: string;
  /** Holds the registry `sessions.json`. */
  dir: string;
  out: Writable;
  /** What `X-Gateway-Secret` has to be. */
  secret: string;
  wppUrl: string;
  wppSecret: string;
  /** Channels by id, with the spelling wppconnect-server knows: `{ imobsites: 'ImobSites' }`. */
  channels: Record<string, string>;
  shape?: WrapperShape;
  /** How long it waits for one session; 30 s in the real one, so one frozen session makes the whole list slow. */
  patienceMs?: number;
  now?: () => number;
}

export interface WrapperServer {
  port: number;
  url: string;
  stop(): Promise<void>;
}

export interface WrapperHouse {
  log: WrapperLog;
  /** Webhook deliveries to the Hub fail while this holds. */
  hubDown: boolean;
  /** The field in which a QR comes: the real one has had several. */
  qrField: string;
  channels: Map<string, string>;
}

const REAL_PATIENCE_MS = 30_000;

/** A stand-in for the gateway-wrapper: its envelopes, its status mistake, its side effects. */
export async function startGatewayWrapper(options: WrapperOptions): Promise<WrapperServer> {
  const house: WrapperHouse = {
    log: new WrapperLog(options.out, options.shape ?? 'text', options.now ?? Date.now),
    hubDown: false, qrField: 'qrcode', channels: new Map(Object.entries(options.channels)),
  };
  const registry = join(options.dir, 'sessions.json');
  mkdirSync(options.dir, { recursive: true });
  readRegistry(registry, house);
  const upstream = new WppClient(options.wppUrl, options.wppSecret, options.patienceMs ?? REAL_PATIENCE_MS);
  const service = new Service();
  addChannelRoutes(service, house, upstream, options.secret, () => writeRegistry(registry, house));
  addWebhookRoute(service, house);
  addWrapperControl(service, house);
  const port = await service.listen(options.port, options.address ?? '127.0.0.1');
  house.log.write('info', `Gateway wrapper listening on port ${port}`);
  return { port, url: `http://127.0.0.1:${port}`, stop: () => service.stop() };
}

function addChannelRoutes(service: Service, house: WrapperHouse, upstream: WppClient, secret: string, save: () => void): void {
  const guarded = (handler: (asked: Asked) => Promise<Answer>) => (asked: Asked): Answer | Promise<Answer> => {
    const given = asked.headers['x-gateway-secret'];
    if (given === undefined) return answer(401, { success: false, error: 'Missing X-Gateway-Secret header' });
    return given === secret ? handler(asked) : answer(401, { success: false, error: 'Invalid gateway secret' });
  };
  /** For a known channel only; ids are case-sensitive. */
  const ofChannel = (handler: (id: string, session: string) => Promise<Answer>) => guarded(async ({ params }) => {
    const session = house.channels.get(params.id!);
    return session === undefined ? answer(404, { success: false, error: 'Channel not found' }) : handler(params.id!, session);
  });

  service.route('GET', '/api/channels', guarded(async () => {
    const channels = [];
    for (const [id, session] of house.channels) channels.push({ id, status: await statusOf(upstream, session, house.log) }); // one after the other, as the real one
    save();
    return answer(200, { success: true, channels });
  }));

  service.route('GET', '/api/channels/:id', ofChannel(async (id, session) =>
    answer(200, { success: true, channel: { id, name: session, status: await statusOf(upstream, session, house.log) } })));

  service.route('GET', '/api/channels/:id/qr', ofChannel(async (_, session) => {
    const { status, qrcode } = await upstream.status(session);
    if (status === 'CONNECTED') return answer(200, { success: true, qr: null, status: 'CONNECTED' });
    if (qrcode) return answer(200, { success: true, [house.qrField]: qrcode });
    if (status === 'INITIALIZING') return answer(500, { success: false, error: 'Invalid QR code response from server' });
    await upstream.start(session); // the side effect: asking for a QR reconnects a closed session
    return answer(200, { success: false, error: 'Session not started. Please, use the /start-session route, for initialization your session' });
  }));

  service.route('DELETE', '/api/channels/:id', ofChannel(async (id, session) => {
    await upstream.logout(session);
    house.channels.delete(id);
    save();
    return answer(200, { success: true });
  }));
}

async function statusOf(upstream: WppClient, session: string, log: WrapperLog): Promise<string> {
  try {
    return wrapperStatus(await upstream.look(session));
  } catch (error) {
    log.write('error', 'Failed to get session status', { sessionId: session, error: (error as Error).message });
    return 'unknown';
  }
}

/** The mistake of the real one is kept: `disconnected` holds `connected`. */
function wrapperStatus({ status, message }: Upstream): string {
  if (status === 'QRCODE') return 'qr_required';
  if (status === 'INITIALIZING') return 'initializing';
  return message.toLowerCase().includes('connected') ? 'connected' : 'unknown';
}

function readRegistry(path: string, house: WrapperHouse): void {
  try {
    const kept = JSON.parse(readFileSync(path, 'utf8')) as Record<string, { name: string }>;
    house.channels = new Map(Object.entries(kept).map(([id, { name }]) => [id, name]));
  } catch {
    writeRegistry(path, house); // the first start
  }
}

function writeRegistry(path: string, house: WrapperHouse): void {
  writeFileSync(path, JSON.stringify(Object.fromEntries([...house.channels].map(([id, name]) => [id, { id, name }]))));
}

if (import.meta.main) await runInContainer();

async function runInContainer(): Promise<void> {
  const { env } = process;
  const server = await startGatewayWrapper({
    port: 3000, address: '0.0.0.0', dir: '/app/src/data', out: process.stdout,
    secret: env.GATEWAY_SECRET ?? '', wppUrl: env.WPPCONNECT_URL ?? 'http://wppconnect-server:21465', wppSecret: env.WPPCONNECT_SECRET_KEY ?? 'THISISMYSECURETOKEN',
    channels: Object.fromEntries((env.LAB_CHANNELS ?? '').split(',').filter(Boolean).map((pair) => pair.split('=') as [string, string])),
    shape: env.LAB_LOG_SHAPE === 'json' ? 'json' : 'text',
    patienceMs: env.LAB_PATIENCE_MS ? Number(env.LAB_PATIENCE_MS) : undefined,
  });
  process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)));
}

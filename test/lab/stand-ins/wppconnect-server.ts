import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { ChromiumProfile, tokenFileNames } from './chromium-profile.ts';
import { Service } from './service.ts';
import { addWppControl } from './wppconnect-control.ts';
import { WppLog } from './wppconnect-log.ts';
import { PhonesFile } from './wppconnect-phones.ts';
import { addForbiddenRoutes, addWppRoutes } from './wppconnect-routes.ts';
import { WppSession, type Pace } from './wppconnect-session.ts';
import { TokenFiles } from './wppconnect-tokens.ts';

export interface WppOptions {
  /** 0 takes a free port. */
  port: number;
  /** Address to listen on; loopback unless it runs in a container. */
  address?: string;
  /** Holds `userDataDir/` and `tokens/`, and `phones.json` unless `phonesFile` says otherwise. */
  dir: string;
  phonesFile?: string;
  out: Writable;
  /** The server's secret key. */
  secret: string;
  /** Sessions that exist, with a login and a webhook, before anything starts. */
  seed?: string[];
  /** Where new sessions post their webhooks. */
  webhook?: string | null;
  /** This machine's name in profile locks; another one plays a recreated container. */
  host?: string;
  pace?: Partial<Pace>;
  now?: () => number;
  /** What `/unhealthy` does; by default the process exits. */
  exit?: () => void;
}

export interface WppServer {
  port: number;
  url: string;
  /** Ends it as a killed container: browsers die, locks stay. */
  stop(): Promise<void>;
}

/** Everything that the routes work on. */
export interface WppHouse {
  options: WppOptions;
  log: WppLog;
  tokens: TokenFiles;
  phones: PhonesFile;
  sessions: Map<string, WppSession>;
  /** The session of that exact spelling, made when it is not there: a wrong case makes a second one. */
  session(name: string): WppSession;
  /** Webhooks posted and failed, for the tests. */
  posted: { ok: number; failed: number };
}

/** Real hosts need seconds; the shapes are the same at this pace. */
const LAB_PACE: Pace = { startMs: 300, qrWaitMs: 60_000, shortLifeMs: 1_000 };

/** A stand-in for wppconnect-server 2.10: its routes, its log, its disk, its faults. */
export async function startWppconnectServer(options: WppOptions): Promise<WppServer> {
  const house = build(options);
  for (const name of options.seed ?? []) seedSession(house, name);
  const service = new Service();
  addWppRoutes(service, house);
  addForbiddenRoutes(service, house);
  addWppControl(service, house);
  const port = await service.listen(options.port, options.address ?? '127.0.0.1');
  house.log.boot(port);
  for (const name of tokenFileNames(house.tokens.dir)) house.session(name).start();
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      await service.stop();
      await Promise.all([...house.sessions.values()].map((session) => session.abandon()));
    },
  };
}

function build(options: WppOptions): WppHouse {
  const now = options.now ?? Date.now;
  mkdirSync(join(options.dir, 'userDataDir'), { recursive: true });
  const house: WppHouse = {
    options,
    log: new WppLog(options.out, now),
    tokens: new TokenFiles(join(options.dir, 'tokens')),
    phones: new PhonesFile(options.phonesFile ?? join(options.dir, 'phones.json')),
    sessions: new Map(),
    posted: { ok: 0, failed: 0 },
    session(name) {
      const known = house.sessions.get(name);
      if (known) return known;
      const made = new WppSession({
        name, now, log: house.log, phones: house.phones,
        host: options.host ?? hostname(),
        profile: new ChromiumProfile(join(options.dir, 'userDataDir', name)),
        pace: { ...LAB_PACE, ...options.pace },
        post: (event, body) => void postWebhook(house, name, event, body),
      });
      house.sessions.set(name, made);
      return made;
    },
  };
  return house;
}

function seedSession(house: WppHouse, name: string): void {
  if (house.tokens.exists(name)) return;
  house.tokens.write(name, house.options.webhook ?? null);
  const { profile } = house.session(name).parts;
  const login = `linked-${name}`;
  profile.open();
  profile.writeLogin(login);
  house.phones.link(name, login);
}

/** A webhook that does not arrive is told in the log, as the real server does; nothing waits for it. */
async function postWebhook(house: WppHouse, session: string, event: string, body: Record<string, unknown> = {}): Promise<void> {
  const url = house.tokens.webhookOf(session);
  if (!url) return;
  try {
    const answer = await fetch(url, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ event, session, ...body }), signal: AbortSignal.timeout(5_000),
    });
    if (!answer.ok) throw new Error(`Request failed with status code ${answer.status}`);
    house.posted.ok++;
  } catch (error) {
    house.posted.failed++;
    house.log.server('warn', `Error calling Webhook. ${(error as Error).message}`);
  }
}

if (import.meta.main) await runInContainer();

async function runInContainer(): Promise<void> {
  const { env } = process;
  const server = await startWppconnectServer({
    port: 21465, address: '0.0.0.0', dir: '/usr/src/wpp-server', out: process.stdout,
    phonesFile: '/world/phones.json',
    secret: env.SECRET_KEY ?? 'THISISMYSECURETOKEN',
    webhook: env.WEBHOOK_URL ?? null,
    seed: (env.LAB_SESSIONS ?? '').split(',').filter(Boolean),
    pace: Object.fromEntries(Object.entries({ startMs: env.LAB_START_MS, qrWaitMs: env.LAB_QR_WAIT_MS }).flatMap(([name, ms]) => (ms ? [[name, Number(ms)]] : []))),
  });
  process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)));
}

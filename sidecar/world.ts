import type { Redis } from 'ioredis';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { Fleet, type Home } from './fleet/fleet.ts';
import type { Gateway } from './gateways/gateway.ts';
import type { Store } from './stores/store.ts';

type Tell = (level: 'info' | 'warn', message: string) => void;

/** Everything outside that sessions live in, as configured: the same for the sidecar and for a command. */
export interface World {
  gateways: Gateway[];
  stores: Store[];
  fleet: Fleet;
  redis: Redis | null;
  close(): void;
}

/** Builds gateways, stores and fleet. Connects to nothing yet but Redis, which keeps trying by itself. */
export async function openWorld(config: Config, clock: Clock, tell: Tell): Promise<World> {
  const gateways = await openGateways(config, clock);
  const { stores, peers, redis } = await openStores(config, tell);
  const fleet = new Fleet({ gateways, stores, aliases: config.aliases, homes: homesOf(config, gateways, stores), peers, clock, tell });
  return { gateways, stores, fleet, redis, close: () => redis?.disconnect() };
}

async function openGateways(config: Config, clock: Clock): Promise<Gateway[]> {
  const gateways: Gateway[] = [];
  if (config.wppconnect) {
    const { WppconnectGateway } = await import('./gateways/wppconnect.ts');
    gateways.push(new WppconnectGateway({ url: config.wppconnect.url, secretKey: config.wppconnect.secret?.reveal() ?? '' }));
  }
  if (config.backend) {
    const { WhaticketGateway } = await import('./gateways/whaticket.ts');
    const { url, token, routes } = config.backend;
    gateways.push(new WhaticketGateway({ url, token: token?.reveal() ?? '', routes, clock }));
  }
  if (config.wrapper) {
    const { WrapperGateway } = await import('./gateways/gateway-wrapper.ts');
    gateways.push(new WrapperGateway({ url: config.wrapper.url, secret: config.wrapper.secret?.reveal() ?? '' }));
  }
  return gateways;
}

async function openStores(config: Config, tell: Tell): Promise<{ stores: Store[]; redis: Redis | null; peers?: () => Promise<Map<string, string[]>> }> {
  const stores: Store[] = [];
  let peers: (() => Promise<Map<string, string[]>>) | undefined;
  let redis: Redis | null = null;
  if (config.wppconnect?.userDataDir) {
    const { ChromiumProfileStore } = await import('./stores/chromium-profile.ts');
    stores.push(new ChromiumProfileStore({ userDataDir: config.wppconnect.userDataDir, tokensDir: config.wppconnect.tokensDir }));
  }
  if (config.backend?.sessionsDir) {
    const { BaileysFilesStore } = await import('./stores/baileys-files.ts');
    const files = new BaileysFilesStore(config.backend.sessionsDir);
    stores.push(files);
    peers = () => files.peers();
  }
  if (config.redis) {
    const [{ connectRedis }, { RedisStore }] = await Promise.all([import('./stores/redis-client.ts'), import('./stores/redis.ts')]);
    redis = connectRedis(config.redis.url.reveal(), (message) => tell('warn', message));
    stores.push(new RedisStore(redis, config.redis.sessionKeys));
  }
  return { stores, redis, peers };
}

/** What these services are called where the address says nothing, as from outside the stack's network. */
const CUSTOMARY = { wppconnect: 'wppconnect-server', 'gateway-wrapper': 'gateway-wrapper', whaticket: 'whaticket-backend' } as const;

/** Compose names a container `<project>-<service>-<number>`, with `_` before version 2. */
function serviceIn(container: string): string {
  return Object.values(CUSTOMARY).find((service) => new RegExp(`^[a-z0-9][a-z0-9_-]*[-_]${service}[-_]\\d+$`).test(container)) ?? container;
}

/**
 * Which gateway speaks in which watched container: the one whose address names it. The wrapper speaks of the
 * sessions of the server behind it; a container that no gateway claims may speak of anybody's.
 */
export function homesOf(config: Config, gateways: readonly Gateway[], stores: readonly Store[]): Map<string, Home> {
  const urls = { wppconnect: config.wppconnect?.url, 'gateway-wrapper': config.wrapper?.url, whaticket: config.backend?.url };
  const storesOf = { wppconnect: ['chromium-profile'], 'gateway-wrapper': ['chromium-profile'], whaticket: ['baileys-files', 'redis'] };
  const everybody = [...gateways, ...stores];
  return new Map(config.watch.containers.map((container): [string, Home] => {
    const gateway = gateways.find(({ kind }) => new URL(urls[kind]!).hostname === container)
      ?? gateways.find(({ kind }) => CUSTOMARY[kind] === serviceIn(container));
    if (!gateway) return [container, { runs: null, lists: everybody }];
    const kin = gateway.kind === 'whaticket' ? [gateway] : gateways.filter(({ kind }) => kind !== 'whaticket');
    const lists = [...kin, ...stores.filter(({ kind }) => storesOf[gateway.kind].includes(kind))];
    return [container, { runs: gateway.can.has('start') ? gateway : null, lists }];
  }));
}

import { Redis } from 'ioredis';
import { CONNECT_DEADLINE_MS } from './redis.ts';

/** A Redis on the same host answers in well under a second; one that needs longer is as good as gone for a repair. */
const COMMAND_DEADLINE_MS = 5_000;

/**
 * A client that says at once when Redis is away instead of queueing a deletion for later, and reconnects for ever.
 * `tell` hears each change once.
 */
export function connectRedis(url: string, tell: (message: string) => void): Redis {
  const client = new Redis(url, {
    enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0, lazyConnect: true,
    commandTimeout: COMMAND_DEADLINE_MS, connectTimeout: CONNECT_DEADLINE_MS, retryStrategy: (tries) => Math.min(tries * 200, 5_000),
  });
  let down = false;
  let why = 'the connection was lost';
  client.on('error', (error: Error) => void (why = error.message));
  client.on('reconnecting', () => {
    if (!down) tell(`Redis cannot be reached (${why}); repairs that need it are refused until it answers; check REDIS_URL`);
    down = true;
  });
  client.on('ready', () => {
    if (down) tell('Redis answers again');
    down = false;
  });
  client.connect().catch(() => undefined); // told when it is tried again, which is for ever
  return client;
}

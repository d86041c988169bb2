import { Redis } from 'ioredis';
import type { Config } from '../config.ts';
import { compilePattern } from '../stores/redis-pattern.ts';
import { listed, ok, wrong, type Finding } from './finding.ts';

/** A Redis that needs longer is as good as gone. */
const DEADLINE_MS = 5_000;
/** Keys looked at to guess the right pattern: enough to meet a `creds` among a few hundred sessions. */
const SAMPLED_KEYS = 20_000;
const KEYS_PER_STEP = 500;

/** Whether Redis answers, and whether REDIS_SESSION_KEYS fits the keys in it. Reads names of keys only. */
export async function checkRedis(redis: NonNullable<Config['redis']>): Promise<Finding[]> {
  let why = '';
  const client = new Redis(redis.url.reveal(), { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0, connectTimeout: DEADLINE_MS, commandTimeout: DEADLINE_MS });
  client.on('error', (error: Error) => void (why ||= error.message));
  try {
    await client.connect();
    await client.ping();
    return [ok('redis', 'Redis answers'), await fitOfPattern(client, redis.sessionKeys)];
  } catch (error) {
    return [wrong('redis', `${explain(why || (error as Error).message)} (until then no session's keys in Redis can be backed up or cleared)`)];
  } finally {
    client.disconnect();
  }
}

function explain(said: string): string {
  if (/NOAUTH|without any password|HELLO must be called/i.test(said)) return 'Redis wants a password: put it into REDIS_URL (redis://:PASSWORD@host:6379)';
  if (/WRONGPASS|invalid.*password|invalid username/i.test(said)) return 'Redis rejects the password in REDIS_URL: set it to the one Redis has (requirepass)';
  if (/NOPERM/.test(said)) return 'the Redis user in REDIS_URL may not do what is needed: allow it ping, scan, dump, pttl, restore and unlink';
  if (/ENOTFOUND|EAI_AGAIN/.test(said)) return `the name in REDIS_URL is not known here (${said}): join the network of Redis, or correct it`;
  if (/ECONNREFUSED/.test(said)) return `nothing listens at the address in REDIS_URL (${said}): start Redis, or correct host and port`;
  if (/Protocol error|unexpected/i.test(said)) return `what answers at REDIS_URL is not Redis (${said}): correct host and port`;
  return `Redis cannot be used (${said}): check REDIS_URL and that Redis runs`;
}

async function fitOfPattern(client: Redis, written: string): Promise<Finding> {
  const pattern = compilePattern(written);
  const sessions = new Set<string>();
  const samples: string[] = [];
  let looked = 0;
  let cursor = '0';
  do {
    const [next, keys] = await client.scanBuffer(cursor, 'COUNT', KEYS_PER_STEP);
    looked += keys.length;
    for (const key of keys) {
      const session = pattern.sessionOf(key);
      if (session !== null) sessions.add(session);
      else if (/^[^\s]{1,100}[:/._-]creds(\.json)?$/.test(key.toString('latin1'))) samples.push(key.toString('latin1'));
    }
    cursor = next.toString();
  } while (cursor !== '0' && looked < SAMPLED_KEYS);
  if (sessions.size > 0) return ok('redis', `${written} finds the keys of ${sessions.size === 1 ? '1 session' : `${sessions.size} sessions`}`);
  return wrong('redis', `${written} fits none of the ${looked} keys looked at, so no keys in Redis would be backed up or cleared: ${samples[0] === undefined ? await elsewhere(client, looked) : `set REDIS_SESSION_KEYS, probably to ${guess(samples[0])}`}`);
}

/** `wa:26:creds` was probably made by `wa:{session}:*`. */
function guess(key: string): string {
  const [, head, separator] = /^(.*?)[^:/._-]+([:/._-])creds(?:\.json)?$/.exec(key) ?? [];
  return head === undefined ? 'the shape of your keys' : `${head}{session}${separator}*`;
}

/** Redis keeps numbered databases apart; the keys may simply be in another. */
async function elsewhere(client: Redis, keysHere: number): Promise<string> {
  const full = [...(await client.info('keyspace')).matchAll(/^db(\d+):keys=(\d+)/gm)].filter(([, number]) => Number(number) !== client.options.db);
  if (keysHere === 0 && full.length > 0) return `this database is empty, but ${listed(full.map(([, number, keys]) => `number ${number} has ${keys} keys`))}: put the number behind the address, REDIS_URL=redis://host:6379/${full[0]![1]}`;
  return 'set REDIS_SESSION_KEYS to the shape of your keys, or leave REDIS_URL out when sessions are kept in files';
}

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Control, until } from './control.ts';
import { startRedis, type TestRedis } from './redis.ts';
import { startBaileysBackend, type Backend } from './stand-ins/baileys-backend.ts';
import type { Received } from './stand-ins/baileys-session.ts';

const TOKEN = 'lab-jwt';
let dir: string;
let out: string;
let err: string;
let redis: TestRedis;
let backend: Backend;
let control: Control;

const sink = (take: (text: string) => void) => new Writable({ write: (chunk, _, done) => (take(String(chunk)), done()) });
const up = async () => {
  backend = await startBaileysBackend({
    port: 0, dir: join(dir, 'sessions'), worldDir: join(dir, 'world'), token: TOKEN, sessions: [26, 27], redisUrl: redis.url, startMs: 20,
    out: sink((text) => (out += text)), err: sink((text) => (err += text)),
  });
  control = new Control(backend.url);
  await becomes('26', 'OPENED');
};
const put = (path: string) => fetch(`${backend.url}${path}`, { method: 'PUT', headers: { authorization: `Bearer ${TOKEN}` } });
const becomes = (id: string, status: string) => until(`${id} ${status}`, async () => (await control.session(id)).status === status);
const receive = async (given: Record<string, unknown> = {}, id = '26') => (await control.breakSession(id, 'message', given)).result as Received[];
const folder = (id = '26') => join(dir, 'sessions', '1', id);
const restart = async () => {
  await put('/whatsapp/26/disconnect');
  await put('/whatsapp/26/start-session');
  await becomes('26', 'OPENED');
};
const isKept = (name: string) => name.startsWith('creds') || name.startsWith('app-state-sync-key');
/** What a repair does: everything but the login goes, in the folder and in Redis, while the session is closed. */
const clearKeys = async () => {
  await put('/whatsapp/26/disconnect');
  for (const file of readdirSync(folder())) if (!isKept(file)) rmSync(join(folder(), file));
  for (const key of await redis.client.keys('sessions:26:*')) if (!isKept(key.slice('sessions:26:'.length))) await redis.client.unlink(key);
};
const times = (text: string, where: () => string) => where().split(text).length - 1;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lab-baileys-'));
  out = err = '';
  await redis.client.flushall();
  await up();
});
afterEach(async () => {
  await backend.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('a well session', () => {
  test('lists numbers with their status, behind a bearer token', async () => {
    expect((await fetch(`${backend.url}/whatsapp`)).status).toBe(401);
    expect((await fetch(`${backend.url}/health`)).status).toBe(200);
    await becomes('27', 'OPENED');
    const list = (await (await fetch(`${backend.url}/whatsapp`, { headers: { authorization: `Bearer ${TOKEN}` } })).json()) as object[];
    expect(list).toMatchObject([{ id: 26, status: 'OPENED' }, { id: 27, status: 'OPENED' }]);
    expect((await put('/whatsapp/99/disconnect')).status).toBe(404);
  });

  test('keeps the login and every kind of key in the folder and in Redis', async () => {
    const files = readdirSync(folder()).map((file) => file.replace(/\.json$/, ''));
    const kinds = ['creds', 'session-', 'pre-key-', 'sender-key-', 'app-state-sync-key-', 'identity-key-'];
    expect(kinds.filter((kind) => !files.some((file) => file.startsWith(kind)))).toEqual([]);
    const keys = (await redis.client.keys('sessions:26:*')).map((key) => key.slice('sessions:26:'.length).replace(/:/g, '-'));
    expect(keys.toSorted()).toEqual(files.toSorted());
    const senderKey = (await redis.client.keys('sessions:26:sender-key-*'))[0]!;
    expect(await redis.client.ttl(senderKey)).toBeGreaterThan(0);
  });

  test('decrypts messages of both peers, also after a restart of the session and of the process', async () => {
    expect(await receive({ count: 3 })).toMatchObject([{ text: 'hello', attempts: 1 }, { text: 'hello' }, { text: 'hello' }]);
    await restart();
    expect(await receive({ peer: 1 })).toMatchObject([{ text: 'hello', error: null }]);
    await backend.stop();
    await up();
    expect(await receive()).toMatchObject([{ text: 'hello', attempts: 1 }]);
    expect(err).not.toContain('Bad MAC');
  });

  test('a repeated delivery prints the header too, with MessageCounterError only', async () => {
    expect(await receive({ copies: 2 })).toMatchObject([{ text: 'hello' }]);
    await until('the header', () => times('Failed to decrypt message with any known session...', () => err) === 1);
    expect(err).toContain('Session error:MessageCounterError: Key used already or never filled');
    expect(err).not.toContain('Bad MAC');
  });
});

describe('Bad MAC', () => {
  test('a corrupt session fails every message, in the words of the real library', async () => {
    await control.breakSession('26', 'corrupt-session');
    const [first, second] = await receive({ count: 2 });
    expect([first!.error, second!.error]).toEqual(Array(2).fill('No matching sessions found for message'));
    await until('both on stderr', () => times('Session error:Error: Bad MAC Error: Bad MAC', () => err) === 2);
    expect(err).toMatch(/at async 551190000260?\d+\.0 \[as awaitable\]/);
    const line = out.split('\n').find((text) => text.includes(first!.id) && text.startsWith('{'))!;
    expect(JSON.parse(line)).toMatchObject({ level: 50, key: { id: first!.id }, err: { message: 'No matching sessions found for message' }, msg: 'failed to decrypt message' });
    expect(out).toContain(`ERROR [wbot] whatsappId=26 error: No matching sessions found for message (msg ${first!.id})`);
  });

  test('each stored state of the conversation prints its own Session error', async () => {
    await control.breakSession('26', 'corrupt-session', { states: 12 });
    await receive();
    await until('twelve', () => times('Session error:Error: Bad MAC', () => err) === 12);
    expect(times('Failed to decrypt message with any known session...', () => err)).toBe(1);
  });

  test('neither a restart of the session nor of the process helps', async () => {
    await control.breakSession('26', 'corrupt-session');
    await restart();
    expect((await receive())[0]!.error).toBe('No matching sessions found for message');
    await backend.stop();
    await up();
    expect((await receive())[0]!.error).toBe('No matching sessions found for message');
  });

  test('one peer fails, the other peer and the other number go on', async () => {
    await control.breakSession('26', 'corrupt-session', { peer: 1 });
    expect((await receive({ peer: 1 }))[0]!.error).not.toBeNull();
    expect((await receive({ peer: 0 }))[0]!.text).toBe('hello');
    await becomes('27', 'OPENED');
    expect((await receive({}, '27'))[0]!.text).toBe('hello');
  });
});

describe('Invalid PreKey ID', () => {
  test('a lost pre-key fails every message with PreKeyError, a restart does not help', async () => {
    await control.breakSession('26', 'lose-pre-key');
    const [message] = await receive();
    expect(message!.error).toBe('Invalid PreKey ID');
    expect(out).toContain(`whatsappId=26 error: Invalid PreKey ID (msg ${message!.id})`);
    const line = out.split('\n').find((text) => text.includes(message!.id) && text.startsWith('{'))!;
    expect(JSON.parse(line)).toMatchObject({ err: { type: 'PreKeyError', message: 'Invalid PreKey ID' }, msg: 'failed to decrypt message' });
    await restart();
    expect((await receive())[0]!.error).toBe('Invalid PreKey ID');
  });
});

describe('what a repair comes to', () => {
  test.each(['corrupt-session', 'lose-pre-key'])('%s: keys cleared, login kept: messages decrypt again', async (fault) => {
    const creds = JSON.parse(readFileSync(join(folder(), 'creds.json'), 'utf8')) as { signedIdentityKey: unknown };
    await control.breakSession('26', fault);
    expect((await receive())[0]!.text).toBeNull();
    await clearKeys();
    await put('/whatsapp/26/start-session');
    await becomes('26', 'OPENED');
    expect((await receive())[0]).toMatchObject({ text: 'hello', attempts: 2 });
    expect((await receive())[0]).toMatchObject({ text: 'hello', attempts: 1 });
    expect(JSON.parse(readFileSync(join(folder(), 'creds.json'), 'utf8'))).toMatchObject({ signedIdentityKey: creds.signedIdentityKey });
  });

  test('keys cleared in the folder only: Redis gives the corrupt ones back', async () => {
    await control.breakSession('26', 'corrupt-session');
    await put('/whatsapp/26/disconnect');
    for (const file of readdirSync(folder())) if (!isKept(file)) rmSync(join(folder(), file));
    await put('/whatsapp/26/start-session');
    await becomes('26', 'OPENED');
    expect((await receive())[0]!.error).toBe('No matching sessions found for message');
  });

  test('keys deleted under the running session come back with the next message', async () => {
    await receive();
    const session = readdirSync(folder()).find((file) => file.startsWith('session-'))!;
    rmSync(join(folder(), session));
    await receive();
    expect(existsSync(join(folder(), session))).toBe(true);
  });

  test('senders that never begin anew: no repair helps', async () => {
    await control.breakSession('26', 'never-heal');
    await control.breakSession('26', 'corrupt-session');
    await clearKeys();
    await put('/whatsapp/26/start-session');
    await becomes('26', 'OPENED');
    expect(await receive({ count: 2 })).toMatchObject([{ error: 'No session record' }, { error: 'No session record' }]);
  });

  test('a start that hangs stays OPENING', async () => {
    await control.breakSession('26', 'stuck-starts');
    await put('/whatsapp/26/disconnect');
    await put('/whatsapp/26/start-session');
    expect((await control.session('26')).status).toBe('OPENING');
    await put('/whatsapp/26/disconnect');
    await control.breakSession('26', 'stuck-starts', { on: false });
    await put('/whatsapp/26/start-session');
    await becomes('26', 'OPENED');
  });

  test('login gone in both places: a QR, and connected after the scan', async () => {
    await put('/whatsapp/26/disconnect');
    rmSync(folder(), { recursive: true });
    await redis.client.unlink(await redis.client.keys('sessions:26:*'));
    await put('/whatsapp/26/start-session');
    await becomes('26', 'qrcode');
    expect((await control.breakSession('26', 'scan')).result).toBe(true);
    expect((await receive())[0]!.text).toBe('hello');
  });

  test('login gone in the folder only: Redis gives it back', async () => {
    await put('/whatsapp/26/disconnect');
    writeFileSync(join(folder(), 'creds.json'), '');
    await put('/whatsapp/26/start-session');
    await becomes('26', 'OPENED');
    expect(JSON.parse(readFileSync(join(folder(), 'creds.json'), 'utf8'))).toMatchObject({ registered: true });
  });

  test('unlinked on the phone: 401 device_removed, and every later start the same', async () => {
    await control.breakSession('26', 'unlink-phone');
    await becomes('26', 'DISCONNECTED');
    await until('the line', () => out.includes('"code":"401"'));
    await put('/whatsapp/26/start-session');
    await until('the refusal', () => times('"msg":"stream errored out"', () => out) === 2);
    expect((await control.session('26')).status).toBe('DISCONNECTED');
  });
});

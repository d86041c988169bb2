import { describe, expect, it, onTestFinished } from 'vitest';
import { createServer } from 'node:net';
import { createServer as createHttpServer, request } from 'node:http';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectSidecar, SidecarError } from '../../sidecar/report/client.ts';
import { HouseError, type House } from '../../sidecar/report/house.ts';
import { openDoors, type DoorOptions } from '../../sidecar/report/http.ts';
import { Secret } from '../../sidecar/settings/secret.ts';
import { fakeHouse, OUTCOME, PNG, WELL } from './fake-house.ts';
import { tempFolder } from './helpers.ts';

const TOKEN = 'a-token-that-is-long';
const SECRET = 'the-wrappers-secret';

async function open(changes: { house?: Partial<House>; token?: string | null; wrapperSecret?: string | null } & Partial<Omit<DoorOptions, 'house'>> = {}) {
  const { house: houseChanges, token = TOKEN, wrapperSecret = SECRET, ...rest } = changes;
  const { house, done } = fakeHouse(houseChanges);
  const said: string[] = [];
  const stateDir = rest.stateDir ?? tempFolder();
  const keys = { token: token === null ? null : new Secret(token), wrapperSecret: wrapperSecret === null ? null : new Secret(wrapperSecret) };
  const doors = await openDoors({
    house, keys, http: { host: '127.0.0.1', port: 0 }, stateDir, clean: (text) => text.replaceAll('hunter2', '***'), tell: (_level, message) => said.push(message), ...rest,
  });
  onTestFinished(() => doors.close());
  const client = (await connectSidecar({ socket: doors.socket, token: keys.token }))!;
  return { doors, url: doors.url!, done, said, stateDir, client };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const get = (url: string, headers: Record<string, string> = {}) => fetch(url, { headers });
const post = (url: string, body?: unknown, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers }, body: body === undefined ? null : JSON.stringify(body) });

/** Every request that needs the token. */
const GUARDED: [method: string, path: string][] = [
  ['POST', '/api/sessions/Blue%2012/fix'], ['POST', '/api/sessions/Blue%2012/mute'], ['POST', '/api/pause'], ['POST', '/api/resume'],
  ['POST', '/api/backups/Blue%2012%2F2026-restart/restore'], ['GET', '/api/sessions/Blue%2012/qr.png'],
];

describe('health', () => {
  it('is green with what is wrong around us as notes', async () => {
    const { url } = await open();
    const answer = await get(`${url}/healthz`);
    expect([answer.status, await answer.json()]).toEqual([200, WELL]);
  });

  it('is red for our own faults', async () => {
    const { url, client } = await open({ house: { health: () => ({ ...WELL, ok: false, faults: ['the log file cannot be written'] }) } });
    expect((await get(`${url}/healthz`)).status).toBe(503);
    expect(await client.health()).toMatchObject({ ok: false, faults: ['the log file cannot be written'] });
  });

  it('holds no secret', async () => {
    const { url } = await open({ house: { health: () => ({ ...WELL, ok: false, faults: ['hunter2 is wrong'], notes: ['hunter2 too'] }) } });
    expect(await (await get(`${url}/healthz`)).text()).not.toContain('hunter2');
  });

  it('is red when the sidecar cannot say how it is', async () => {
    const { url } = await open({ house: { health: () => Promise.reject(new Error('database is locked')) } });
    const answer = await get(`${url}/healthz`);
    expect([answer.status, await answer.json()]).toEqual([503, { ok: false, faults: ['the sidecar could not look at itself: database is locked'] }]);
  });
});

describe('what anybody may look at', () => {
  it.each([
    ['/api/sessions', 'sessions'], ['/api/sessions/Blue%2012', 'session'], ['/api/incidents', 'incidents'], ['/api/repairs', 'repairs'], ['/api/backups', 'backups'],
  ])('%s', async (path, field) => {
    const { url } = await open();
    const answer = await get(url + path);
    expect([answer.status, answer.headers.get('cache-control'), Object.keys(await answer.json() as object)]).toEqual([200, 'no-store', expect.arrayContaining([field])]);
  });

  it('/metrics, as Prometheus wants it', async () => {
    const { url } = await open();
    const answer = await get(`${url}/metrics`);
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual(['text/plain; version=0.0.4; charset=utf-8', 'auto_fix_paused 0\n']);
  });
});

describe('the token', () => {
  it.each(GUARDED)('is asked for by %s %s', async (method, path) => {
    const { url, done } = await open();
    for (const headers of [{}, bearer('wrong'), bearer(''), { authorization: TOKEN }, { authorization: `Basic ${TOKEN}` }]) {
      const answer = await fetch(url + path, { method, headers: headers as Record<string, string> });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toEqual({ error: expect.stringMatching(/^token-/), message: expect.stringContaining('AUTO_FIX_TOKEN') });
    }
    expect(done).toEqual([]);
    expect((await fetch(url + path, { method, headers: bearer(TOKEN) })).status).toBe(200);
    expect(done).toHaveLength(1);
  });

  it.each(GUARDED)('not being set, %s %s is answered only on the local socket', async (method, path) => {
    const { url, doors, done } = await open({ token: null });
    for (const headers of [{}, bearer(''), bearer('undefined'), bearer('null')]) {
      const answer = await fetch(url + path, { method, headers });
      expect([answer.status, await answer.json()]).toEqual([403, { error: 'no-token', message: expect.stringContaining('only when AUTO_FIX_TOKEN is set') }]);
    }
    expect(done).toEqual([]);
    expect(await overSocket(doors.socket, method, path)).toBe(200);
  });

  it('being set, is asked for on the local socket too', async () => {
    const { doors, done } = await open();
    expect(await overSocket(doors.socket, 'POST', '/api/resume')).toBe(401);
    expect(done).toEqual([]);
  });
});

function overSocket(socketPath: string, method: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath, method, path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject).end();
  });
}

describe('the channel list in the place of the wrapper', () => {
  it("has the wrapper's shape behind the wrapper's header, without a token", async () => {
    const { url } = await open();
    const answer = await get(`${url}/api/channels`, { 'x-gateway-secret': SECRET });
    expect([answer.status, await answer.json()]).toEqual([200, { success: true, channels: [{ id: 'Blue 12', status: 'qr_required', since: '2026-02-09T10:00:00.000Z', source: 'event' }] }]);
  });

  it('says what is missing', async () => {
    const { url } = await open();
    const missing = await get(`${url}/api/channels`);
    expect([missing.status, await missing.json()]).toEqual([401, { error: 'secret-missing', message: 'Missing X-Gateway-Secret header' }]);
    expect((await get(`${url}/api/channels`, { 'x-gateway-secret': 'wrong' })).status).toBe(401);
    expect((await get(`${url}/api/channels`, bearer(TOKEN))).status).toBe(401);
  });

  it('is closed to the network while no secret is set', async () => {
    const { url, client } = await open({ wrapperSecret: null });
    expect((await get(`${url}/api/channels`)).status).toBe(403);
    expect(await client.channels(null)).toHaveLength(1);
  });
});

describe('what is asked for', () => {
  it('reaches the house as it was meant', async () => {
    const { url, done } = await open();
    const asked = async (path: string, body?: unknown) => (await post(url + path, body, bearer(TOKEN))).status;
    expect(await asked('/api/sessions/Blue%2012/fix', { rung: 'reset', dryRun: true })).toBe(200);
    expect(await asked('/api/sessions/Blue%2012/fix')).toBe(200);
    expect(await asked('/api/pause', { for: '2h' })).toBe(200);
    expect(await asked('/api/pause')).toBe(200);
    expect(await asked('/api/sessions/Blue%2012/mute', { for: null })).toBe(200);
    expect(await asked('/api/sessions/Blue%2012/mute', { for: '0s' })).toBe(200);
    expect(await asked('/api/backups/Blue%2012%2F2026-02-09T10-14-03.120Z-reset/restore')).toBe(200);
    expect(done).toEqual([
      ['fix', 'Blue 12', { rung: 'reset', dryRun: true }], ['fix', 'Blue 12', { rung: null, dryRun: false }],
      ['pause', 7_200_000], ['pause', null], ['mute', 'Blue 12', null], ['mute', 'Blue 12', 0], ['restore', 'Blue 12/2026-02-09T10-14-03.120Z-reset'],
    ]);
  });

  it.each([
    ['/api/sessions/Blue%2012/fix', { rung: 'wipe' }, 'rungs are reconnect, restart, repair, reset'],
    ['/api/sessions/Blue%2012/fix', { rong: 'reset' }, 'expected a body such as'],
    ['/api/sessions/Blue%2012/fix', { dryRun: 'yes' }, 'expected a body such as'],
    ['/api/pause', { for: 'a while' }, 'expected a body such as {"for":"2h"}, or none'],
    ['/api/pause', { for: '0s' }, 'a pause of no time is none'],
    ['/api/pause', [], 'expected'],
  ])('%s with %j is refused in a sentence and not done', async (path, body, words) => {
    const { url, done } = await open();
    const answer = await post(url + path, body, bearer(TOKEN));
    expect([answer.status, await answer.json()]).toEqual([400, { error: 'bad-request', message: expect.stringContaining(words) }]);
    expect(done).toEqual([]);
  });

  it.each(['../../etc/passwd', '*', '%', '__proto__', 'x'.repeat(500), 'a\u0000b', "Blue 12'; --"])('a session called %j is unknown', async (name) => {
    const { url, done } = await open();
    const answer = await post(`${url}/api/sessions/${encodeURIComponent(name)}/fix`, {}, bearer(TOKEN));
    expect([answer.status, (await answer.json() as { error: string }).error]).toEqual([404, 'not-found']);
    expect(done).toEqual([]);
  });

  it('gives the QR as an image, or why there is none', async () => {
    const { url } = await open();
    const qr = await get(`${url}/api/sessions/Blue%2012/qr.png`, bearer(TOKEN));
    expect([qr.headers.get('content-type'), qr.headers.get('cache-control'), Buffer.from(await qr.arrayBuffer())]).toEqual(['image/png', 'no-store', PNG]);
    const { url: connected } = await open({ house: { qr: async () => ({ kind: 'connected' }) } });
    const none = await get(`${connected}/api/sessions/x/qr.png`, bearer(TOKEN));
    expect([none.status, await none.json()]).toEqual([409, { error: 'connected', message: 'the session is connected and needs no QR' }]);
    const { url: broken } = await open({ house: { qr: async () => ({ kind: 'failed', detail: 'the wrapper answered 500' }) } });
    expect((await get(`${broken}/api/sessions/x/qr.png`, bearer(TOKEN))).status).toBe(502);
  });
});

describe('errors', () => {
  it.each([
    ['GET', '/nowhere', undefined, 404, 'not-found'],
    ['DELETE', '/api/sessions/Blue%2012', undefined, 404, 'not-found'],
    ['GET', '/api/sessions/%zz', undefined, 400, 'bad-request'],
    ['POST', '/api/pause', '{"for":', 400, 'bad-request'],
    ['POST', '/api/pause', `{"for":"${'x'.repeat(20_000)}"}`, 413, 'too-large'],
  ])('%s %s is answered as JSON', async (method, path, body, status, error) => {
    const { url } = await open();
    const answer = await fetch(url + path, { method, headers: { ...bearer(TOKEN), ...(body ? { 'content-type': 'application/json' } : {}) }, body: body ?? null });
    expect([answer.status, await answer.json()]).toEqual([status, { error, message: expect.any(String) }]);
  });

  it('carry the code of a refusal', async () => {
    const { url, client } = await open({ house: { fix: async () => { throw new HouseError('refused', 'repaired 3 min ago, rests until 10:29', 'cooldown'); } } });
    const answer = await post(`${url}/api/sessions/Blue%2012/fix`, {}, bearer(TOKEN));
    expect([answer.status, await answer.json()]).toEqual([409, { error: 'cooldown', message: 'repaired 3 min ago, rests until 10:29' }]);
    await expect(client.fix('Blue 12', {})).rejects.toThrow('repaired 3 min ago, rests until 10:29');
  });

  it('of our own say nothing of our insides to a stranger, and everything to the log', async () => {
    const { url, said } = await open({ house: { sessions: () => { throw new Error('SQLITE_CORRUPT at row 7'); } } });
    const answer = await get(`${url}/api/sessions`);
    expect([answer.status, await answer.text()]).toEqual([500, '{"error":"internal","message":"the sidecar failed to answer; its log says why"}']);
    expect(said).toEqual(['a request could not be answered: SQLITE_CORRUPT at row 7; this is a fault of the sidecar itself']);
  });

  it('hold no secret', async () => {
    const { url } = await open({ house: { session: () => { throw new HouseError('unavailable', 'http://gateway/hunter2 did not answer'); } } });
    const answer = await get(`${url}/api/sessions/x`);
    expect([answer.status, await answer.text()]).toEqual([503, expect.not.stringContaining('hunter2')]);
  });
});

describe('the doors', () => {
  it('are a socket only its owner can open, and nothing else is left in the folder', async () => {
    const parent = tempFolder();
    const stateDir = join(parent, 'state');
    const { doors } = await open({ stateDir });
    expect(readdirSync(parent)).toEqual(['state']);
    expect((statSync(doors.socket).mode & 0o777).toString(8)).toBe('600');
    expect(readdirSync(stateDir)).toEqual(['auto-fix.sock']);
    await doors.close();
    expect(readdirSync(stateDir)).toEqual([]);
  });

  it('take the place of a socket that a killed sidecar left', async () => {
    const stateDir = tempFolder();
    writeFileSync(join(stateDir, 'auto-fix.sock'), '');
    const { client } = await open({ stateDir });
    expect((await client.health()).ok).toBe(true);
  });

  it('stay shut when another sidecar works in that folder', async () => {
    const { stateDir, client } = await open();
    await expect(open({ stateDir })).rejects.toThrow(`another auto-fix-sessions already runs with the state folder ${stateDir}`);
    expect((await client.health()).ok).toBe(true);
  });

  it('say when the port is taken, and leave no socket behind', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    const stateDir = tempFolder();
    await expect(open({ stateDir, http: { host: '127.0.0.1', port } })).rejects.toThrow(`AUTO_FIX_HTTP: nothing can listen on 127.0.0.1:${port} (the port is taken by another program); set another host:port, or off`);
    expect(existsSync(join(stateDir, 'auto-fix.sock'))).toBe(false);
  });

  it('say when the state folder is too deep for a socket', async () => {
    const parent = tempFolder();
    const stateDir = join(parent, 'x'.repeat(92 - parent.length));
    await expect(open({ stateDir })).rejects.toThrow('is too long a path for a socket in it; use one of at most 92 bytes');
    expect(readdirSync(parent)).toEqual([]);
    const { client } = await open({ stateDir: stateDir.slice(0, 92) });
    expect((await client.health()).ok).toBe(true);
  });

  it('need no network at all', async () => {
    const { doors, client } = await open({ http: null });
    expect([doors.url, (await client.health()).ok]).toEqual([null, true]);
  });
});

describe('the command line beside a running sidecar', () => {
  it('can ask it for everything', async () => {
    const { client, done } = await open();
    expect([(await client.sessions())[0]!.id, (await client.session('Blue 12')).source]).toEqual(['Blue 12', 'probe']);
    expect([await client.incidents(), await client.repairs(), await client.backups()]).toEqual([{ incidents: [], alerts: [] }, [], []]);
    expect(await client.channels(new Secret(SECRET))).toHaveLength(1);
    expect((await client.fix('Blue 12', { rung: 'restart' })).outcome).toEqual(OUTCOME);
    await client.pause('2h');
    await client.resume();
    await client.mute('Blue 12', null);
    expect(await client.restore('Blue 12/x')).toEqual(OUTCOME);
    expect(await client.qrPng('Blue 12')).toEqual(PNG);
    expect(done.map(([what]) => what)).toEqual(['fix', 'pause', 'resume', 'mute', 'restore', 'qr']);
    await expect(client.session('nobody')).rejects.toThrow(new SidecarError(404, 'not-found', 'no session is called "nobody"; see auto-fix status'));
  });

  it('learns that none runs', async () => {
    const stateDir = tempFolder();
    const socket = join(stateDir, 'auto-fix.sock');
    expect(await connectSidecar({ socket, token: null })).toBeNull();
    writeFileSync(socket, '');
    expect(await connectSidecar({ socket, token: null })).toBeNull();
    const { doors } = await open({ stateDir: tempFolder() });
    await doors.close();
    expect(await connectSidecar({ socket: doors.socket, token: null })).toBeNull();
  });

  it('is told when the sidecar stops before it has answered', async () => {
    const { promise: began, resolve: begin } = Promise.withResolvers<void>();
    const { doors, client } = await open({ house: { fix() { begin(); return new Promise(() => {}); } } });
    const failure = client.fix('Blue 12', {}).then(() => null, (error: Error) => error);
    await began;
    await doors.close();
    expect((await failure)?.message).toContain('the sidecar stopped before it answered');
  });

  it('is told when something else answers there', async () => {
    const socket = join(tempFolder(), 'auto-fix.sock');
    const other = createHttpServer((_request, response) => void response.writeHead(418).end('<html>'));
    await new Promise<void>((resolve) => other.listen(socket, resolve));
    onTestFinished(() => void other.close());
    await expect(connectSidecar({ socket, token: null })).rejects.toThrow('the sidecar answered 418 without saying why');
  });
});

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Control, until } from './control.ts';
import { startGatewayWrapper, type WrapperServer } from './stand-ins/gateway-wrapper.ts';
import { startWppconnectServer, type WppServer } from './stand-ins/wppconnect-server.ts';

const SECRET = 'front-secret';
let dir: string;
let printed: string;
let wpp: WppServer;
let wrapper: WrapperServer;
let wppControl: Control;
let control: Control;

const sink = (take: (text: string) => void) => new Writable({ write: (chunk, _, done) => (take(String(chunk)), done()) });
const ask = async (path: string, secret: string | null = SECRET, method = 'GET') => {
  const answer = await fetch(`${wrapper.url}${path}`, { method, headers: secret === null ? {} : { 'x-gateway-secret': secret } });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};
const channels = async () => (await ask('/api/channels')).body.channels;
const connected = (session: string) => until(`${session} connected`, async () => (await wppControl.session(session)).status === 'CONNECTED');

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lab-wrapper-'));
  printed = '';
  wpp = await startWppconnectServer({ port: 0, dir: join(dir, 'wpp'), out: sink(() => undefined), secret: 'upstream', seed: ['ImobSites', 'Pixel12 Digital'], pace: { startMs: 20 } });
  wrapper = await startGatewayWrapper({
    port: 0, dir: join(dir, 'data'), out: sink((text) => (printed += text)), secret: SECRET, wppUrl: wpp.url, wppSecret: 'upstream',
    channels: { pixel12digital: 'Pixel12 Digital', imobsites: 'ImobSites' }, patienceMs: 300,
  });
  wppControl = new Control(wpp.url);
  control = new Control(wrapper.url);
  await connected('ImobSites');
  await connected('Pixel12 Digital');
});
afterEach(async () => {
  await wrapper.stop();
  await wpp.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('channels', () => {
  test('without the secret nothing is answered, and the missing header is named', async () => {
    expect(await ask('/api/channels', null)).toEqual({ status: 401, body: { success: false, error: 'Missing X-Gateway-Secret header' } });
    expect((await ask('/api/channels', 'wrong')).status).toBe(401);
  });

  test('the list is flat, one channel is nested, an unknown or wrongly cased id is 404', async () => {
    expect(await channels()).toEqual([{ id: 'pixel12digital', status: 'connected' }, { id: 'imobsites', status: 'connected' }]);
    expect((await ask('/api/channels/imobsites')).body).toEqual({ success: true, channel: { id: 'imobsites', name: 'ImobSites', status: 'connected' } });
    expect((await ask('/api/channels/ImobSites')).status).toBe(404);
  });

  test.each(['kill-browser', 'unlink-phone'])('after %s the list still says connected: the mistake of the real one', async (fault) => {
    await wppControl.breakSession('ImobSites', fault);
    expect(await channels()).toContainEqual({ id: 'imobsites', status: 'connected' });
  });

  test('one frozen session makes the list slow, not wrong for the others', async () => {
    await wppControl.breakSession('Pixel12 Digital', 'freeze-renderer');
    expect(await channels()).toEqual([{ id: 'pixel12digital', status: 'unknown' }, { id: 'imobsites', status: 'connected' }]);
    expect(printed).toContain('[error]: Failed to get session status {"sessionId":"Pixel12 Digital"');
  });

  test('every list call rewrites the registry', async () => {
    const registry = join(dir, 'data', 'sessions.json');
    const before = statSync(registry, { bigint: true }).mtimeNs;
    await channels();
    expect(statSync(registry, { bigint: true }).mtimeNs).toBeGreaterThan(before);
    expect(JSON.parse(readFileSync(registry, 'utf8'))).toMatchObject({ imobsites: { name: 'ImobSites' } });
  });

  test('asking for the QR of a closed session reconnects it; a connected one is left alone', async () => {
    expect((await ask('/api/channels/imobsites/qr')).body).toEqual({ success: true, qr: null, status: 'CONNECTED' });
    await wppControl.breakSession('ImobSites', 'unlink-phone');
    expect((await ask('/api/channels/imobsites/qr')).body.error).toMatch(/^Session not started/);
    await until('a QR', async () => String((await ask('/api/channels/imobsites/qr')).body.qrcode).startsWith('data:image/png;base64,'));
    expect((await wppControl.session('ImobSites')).starts).toBe(2);
  });

  test('the QR of a session that cannot open its browser is a 500', async () => {
    await wppControl.breakSession('ImobSites', 'lock-elsewhere');
    expect(await ask('/api/channels/imobsites/qr')).toEqual({ status: 500, body: { success: false, error: 'Invalid QR code response from server' } });
  });

  test('DELETE destroys registry and login', async () => {
    await ask('/api/channels/imobsites', SECRET, 'DELETE');
    expect((await ask('/api/channels/imobsites')).status).toBe(404);
    expect(await wppControl.calls()).toMatchObject({ 'POST /api/ImobSites/logout-session': 1 });
  });
});

describe('webhooks', () => {
  test('a message of wppconnect-server is told in three lines, in both shapes', async () => {
    const url = `${wrapper.url}/v1/webhooks/receive`;
    const post = () => fetch(url, { method: 'POST', body: JSON.stringify({ event: 'onmessage', session: 'ImobSites' }) });
    await post();
    expect(printed).toMatch(/Z \[info\]: Received webhook event from WPPConnect \{"sessionId":"ImobSites","eventType":"onmessage","correlationId":"[^"]+"\}\n/);
    expect(printed).toMatch(/Webhook event queued .*\n.*Webhook delivered successfully/);
    await control.send('POST', 'settings', { shape: 'json' });
    printed = '';
    await post();
    expect(JSON.parse(printed.split('\n')[0]!)).toMatchObject({ level: 'info', message: 'Received webhook event from WPPConnect', sessionId: 'ImobSites', eventType: 'onmessage' });
  });

  test('a contact going offline arrives dressed as connection.update', async () => {
    await control.send('POST', 'settings', { shape: 'json' });
    printed = '';
    await control.send('POST', 'webhooks', { count: 15, payload: { event: 'onpresencechanged', session: 'ImobSites', isOnline: false, isUser: true } });
    const updates = printed.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === 'connection.update');
    expect(updates).toHaveLength(15);
    expect(updates[0]).toMatchObject({ connection: { status: 'unavailable' }, raw: { payload: { event: 'onpresencechanged' } } });
  });

  test('a Hub that is down fails the deliveries', async () => {
    await control.send('POST', 'settings', { hubDown: true });
    await control.send('POST', 'webhooks', { payload: { event: 'onack', session: 'ImobSites' } });
    expect(printed).toContain('[error]: Webhook delivery failed {"sessionId":"ImobSites"');
  });
});

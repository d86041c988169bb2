import { describe, expect, it } from 'vitest';
import { json, PNG } from './server.ts';
import { gatewayOf, NAME } from './wppconnect-server.ts';

describe('the QR', () => {
  it('comes as a PNG', async () => {
    const { gateway } = await gatewayOf({ 'qrcode-session': (_, response) => void response.writeHead(200, { 'content-type': 'image/png' }).end(PNG) });
    expect(await gateway.qr(NAME)).toEqual({ kind: 'qr', png: PNG });
  });

  it.each([
    [200, { status: 'CONNECTED', message: 'QRCode is not available...' }, { kind: 'connected' }],
    [200, { status: null, message: 'Session not started. Please, use the /start-session route, for initialization your session' }, { kind: 'not-started', detail: 'the session is not started, so there is no QR; start it first' }],
    [200, { status: 'INITIALIZING', message: 'QRCode is not available...' }, { kind: 'not-started', detail: 'the session is still starting (initializing), so there is no QR yet; if that lasts more than two minutes its browser cannot start' }],
    [500, { status: 'error', message: 'Failed to launch the browser process:  Code: 21' }, { kind: 'browser-cannot-start', detail: 'the browser of the session cannot start (Failed to launch the browser process: Code: 21): its profile is locked or still in use; a restart of the session clears the lock' }],
    [500, { status: 'error', message: 'Error retrieving QRCode' }, { kind: 'failed', detail: "the gateway gave no QR image (Error retrieving QRCode); look at the session's status and ask again" }],
  ])('%i %o is told apart', async (status, body, answer) => {
    const { gateway } = await gatewayOf({ 'qrcode-session': (_, response) => json(response, status, body) });
    expect(await gateway.qr(NAME)).toEqual(answer);
  });
});

describe('a name', () => {
  it.each(['../..', '..', 's1:token', 'a/b', 'a\\b', '', 'x'.repeat(201), 'a\u0000b', '\ud800', ' s1'])('%j reaches no address', async (name) => {
    const { gateway, server } = await gatewayOf();
    await expect(gateway.start(name)).rejects.toThrow(/^the session name .* cannot be used in an address, so that session is left alone; rename it in the gateway$/);
    expect(server.calls).toEqual([]);
  });

  it.each(['*', '%2e%2e', '__proto__', 'a?b#c', 'é 12'])('%j goes as one part of the path', async (name) => {
    const { gateway, server } = await gatewayOf({}, {});
    await gateway.status(name);
    expect(server.calls.at(-1)!.url).toBe(`/api/${encodeURIComponent(name)}/status-session`);
  });
});

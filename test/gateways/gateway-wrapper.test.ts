import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { WrapperGateway } from '../../sidecar/gateways/gateway-wrapper.ts';
import { AT_ONCE, deadAddress, json, page, PNG, serve, type Handler } from './server.ts';

const SECRET = 'front-door-key';
const ID = 'pixel12digital';

async function wrapperOf(handler: Handler, timings = {}) {
  const server = await serve((request, response, socket) => {
    if (request.headers['x-gateway-secret'] !== SECRET) return json(response, 401, { success: false, error: 'Missing X-Gateway-Secret header' });
    return handler(request, response, socket);
  });
  return { server, gateway: new WrapperGateway({ url: server.url, secret: SECRET, timings, retrying: AT_ONCE }) };
}

const saying = (status: string): Handler => (_, response) => json(response, 200, { success: true, channel: { id: ID, name: 'Pixel12 Digital', status } });

describe('the list', () => {
  it('has ids with the wrapper\'s own words', async () => {
    const { gateway, server } = await wrapperOf((_, response) => json(response, 200, { success: true, channels: [{ id: ID, status: 'connected' }, { id: 'imobsites', status: 'qr_required' }] }));
    expect(await gateway.list()).toEqual([{ name: ID, status: 'connected' }, { name: 'imobsites', status: 'qr_required' }]);
    expect(server.routes()).toEqual(['GET /api/channels']);
  });

  it('that is slow is waited for: it is not "gateway down"', async () => {
    const { gateway, server } = await wrapperOf((_, response) => void setTimeout(() => json(response, 200, { channels: [] }), 120), { statusMs: 50, qrMs: 50, listMs: 5_000 });
    expect(await gateway.list()).toEqual([]);
    expect(server.calls).toHaveLength(1);
  });

  it('that takes too long says that one session hangs, and is asked once', async () => {
    const { gateway, server } = await wrapperOf(() => {}, { listMs: 50 });
    await expect(gateway.list()).rejects.toThrow('gateway-wrapper did not answer GET /api/channels within 0.05 s: one of its sessions hangs, which it waits for; the wrapper itself may be well');
    expect(server.calls).toHaveLength(1);
  });

  it('with a wrong secret names the setting', async () => {
    const server = await serve((_, response) => json(response, 401, { error: 'Invalid gateway secret' }));
    const gateway = new WrapperGateway({ url: server.url, secret: 'other', retrying: AT_ONCE });
    const error = await gateway.list().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ fault: 'wrong-secret', message: expect.stringContaining('set WPP_GATEWAY_SECRET to the one gateway-wrapper uses') });
    expect(inspect([error, gateway], { depth: 20 })).not.toContain('other\'');
    expect(server.calls).toHaveLength(1);
  });
});

describe('the probe compares whole words', () => {
  it.each([
    ['disconnected', 'closed'], ['closed', 'closed'], ['Disconnected', 'closed'], ['qr_required', 'qr'], ['qr', 'qr'], ['waiting_qr', 'qr'],
    ['initializing', 'starting'], ['starting', 'starting'],
  ])('%s is %s', async (status, probe) => {
    const { gateway } = await wrapperOf(saying(status));
    expect(await gateway.probe(ID)).toEqual({ probe, saw: `the wrapper says ${status}` });
  });

  it.each(['connected', 'unpaired', 'unknown', 'toString'])('%s is unknown: no proof of anything', async (status) => {
    const { gateway } = await wrapperOf(saying(status));
    expect(await gateway.probe(ID)).toEqual({ probe: 'unknown', saw: `the wrapper says ${status}, which proves nothing` });
  });

  it('asks for the status and never for the QR, which would change something', async () => {
    const { gateway, server } = await wrapperOf(saying('connected'));
    await gateway.probe(ID);
    expect(server.routes()).toEqual([`GET /api/channels/${ID}`]);
  });

  it('cannot look where the channel is unknown, a proxy answers or nobody does', async () => {
    const unknown = await wrapperOf((_, response) => json(response, 404, { success: false, error: 'Channel not found' }));
    const proxied = await wrapperOf((_, response) => page(response, 502));
    const down = new WrapperGateway({ url: `http://${await deadAddress()}`, secret: SECRET, retrying: AT_ONCE });
    const looks = await Promise.all([unknown.gateway, proxied.gateway, down].map((gateway) => gateway.probe(ID)));
    expect(looks.map(({ probe, couldNotLook }) => [probe, couldNotLook])).toEqual([['unknown', true], ['unknown', true], ['unknown', true]]);
    expect(looks.map(({ saw }) => saw.slice(0, 60))).toEqual([
      'gateway-wrapper does not know GET /api/channels/pixel12digit', 'a proxy in front of gateway-wrapper answers 502: the proxy i', expect.stringMatching(/^gateway-wrapper refused the connection/),
    ]);
  });
});

describe('reconnect', () => {
  it('is the QR request, asked once', async () => {
    const { gateway, server } = await wrapperOf((_, response) => json(response, 200, { success: true, qr: null, status: 'CONNECTED' }));
    await gateway.reconnect(ID);
    expect(server.routes()).toEqual([`GET /api/channels/${ID}/qr`]);
  });

  it('counts as asked when no QR was due: a connecting session answers 500 too', async () => {
    const { gateway, server } = await wrapperOf((_, response) => json(response, 500, { success: false, error: 'Invalid QR code response from server' }));
    await gateway.reconnect(ID);
    expect(server.calls).toHaveLength(1);
  });

  it('is not repeated after a lost connection, and is after a refused one', async () => {
    const { gateway, server } = await wrapperOf((_, __, socket) => void socket.destroy());
    await expect(gateway.reconnect(ID)).rejects.toMatchObject({ fault: 'unreachable' });
    expect(server.calls).toHaveLength(1);
  });

  it('rejects where the wrapper was not reached', async () => {
    const { gateway } = await wrapperOf((_, response) => page(response, 504));
    await expect(gateway.reconnect(ID)).rejects.toMatchObject({ fault: 'proxy' });
  });
});

describe('the QR', () => {
  const base64 = PNG.toString('base64');
  it.each([
    ['qr', { qr: `data:image/png;base64,${base64}` }], ['qrcode', { qrcode: base64 }], ['base64', { base64 }], ['data', { data: base64 }],
    ['data.qr', { success: true, data: { qr: base64 } }], ['channel.qrcode', { channel: { qrcode: base64 } }], ['qrCode.base64', { qrCode: { base64 } }],
  ])('is found in %s', async (_, body) => {
    const { gateway } = await wrapperOf((__, response) => json(response, 200, { success: true, status: 'qr_required', ...body }));
    expect(await gateway.qr(ID)).toEqual({ kind: 'qr', png: PNG });
  });

  it('is found when the wrapper sends the image itself', async () => {
    const { gateway } = await wrapperOf((_, response) => void response.writeHead(200, { 'content-type': 'image/png' }).end(PNG));
    expect(await gateway.qr(ID)).toEqual({ kind: 'qr', png: PNG });
  });

  it.each([
    ['connected, no QR', 200, { success: true, qr: null, status: 'CONNECTED' }, 'connected'],
    ['connected, told in the channel', 200, { success: true, qr: null, channel: { status: 'connected' } }, 'connected'],
    ['not started', 400, { success: false, error: 'Session not started. Please, use the /start-session route' }, 'not-started'],
    ['starting', 200, { success: true, qr: null, status: 'initializing' }, 'not-started'],
    ['a locked profile', 500, { success: false, error: 'Failed to launch the browser process:  Code: 21' }, 'browser-cannot-start'],
    ['an orphan browser', 500, { success: false, message: 'The browser is already running for /x/userDataDir/s1.' }, 'browser-cannot-start'],
    ['a 500 of the server behind', 500, { success: false, error: 'Invalid QR code response from server' }, 'failed'],
    ['a QR as bare text', 200, { success: true, qr: '2@AbCdEfGh,IjKl,MnOp==' }, 'failed'],
    ['disconnected, which is not connected', 200, { success: true, qr: null, status: 'disconnected' }, 'failed'],
  ])('is told apart from %s', async (_, status, body, kind) => {
    const { gateway } = await wrapperOf((__, response) => json(response, status, body));
    const answer = await gateway.qr(ID);
    expect(answer.kind).toBe(kind);
    expect(JSON.stringify(answer)).not.toContain('2@AbCd');
  });

  it('that the server behind refuses is explained', async () => {
    const { gateway } = await wrapperOf((_, response) => json(response, 500, { error: 'Invalid QR code response from server' }));
    expect(await gateway.qr(ID)).toEqual({ kind: 'failed', detail: 'the gateway got something else than a QR from the server behind it (Invalid QR code response): the session may be starting or connected; look at its status and ask again' });
  });
});

it('can neither close nor start, and says which setting makes it possible', async () => {
  const { gateway, server } = await wrapperOf(() => {});
  expect([...gateway.can]).toEqual(['list', 'status', 'probe', 'reconnect', 'qr']);
  await expect(gateway.close()).rejects.toThrow('gateway-wrapper cannot be asked to close a session: its only way destroys the login; set WPPCONNECT_URL so that wppconnect-server is asked');
  await expect(gateway.start()).rejects.toThrow('gateway-wrapper cannot be asked to start a session: it only connects closed ones again; set WPPCONNECT_URL so that wppconnect-server is asked');
  expect(server.calls).toEqual([]);
});

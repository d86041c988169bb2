import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { WppconnectGateway } from '../../sidecar/gateways/wppconnect.ts';
import { AT_ONCE, deadAddress, json, page } from './server.ts';
import { gatewayOf, HASTY, losing, NAME, never, SECRET, URL_NAME } from './wppconnect-server.ts';

describe('the list', () => {
  it('names the sessions with a token file; the secret goes encoded into the path', async () => {
    const { gateway, server } = await gatewayOf({}, { [NAME]: null, ImobSites: null });
    expect(await gateway.list()).toEqual([{ name: NAME }, { name: 'ImobSites' }]);
    expect(server.routes()).toEqual(['GET /api/a%2Fsecret%20with%2Bsigns/show-all-sessions']);
  });

  it('with a wrong secret says which setting to correct, without the secret', async () => {
    const { gateway } = await gatewayOf({}, {}, { secretKey: 'wrong-one' });
    const error = await gateway.list().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ fault: 'wrong-secret', message: 'wppconnect-server rejects our secret (400: The token is incorrect), so its sessions can be neither looked at nor repaired; set WPPCONNECT_SECRET_KEY to the one wppconnect-server uses' });
    expect(inspect([error, gateway], { depth: 20, showHidden: true })).not.toContain('wrong-one');
  });

  it('is not asked without a secret', async () => {
    const { gateway, server } = await gatewayOf({}, {}, { secretKey: '' });
    await expect(gateway.list()).rejects.toThrow('wppconnect-server cannot be asked without its secret, so its sessions can be neither looked at nor repaired; set WPPCONNECT_SECRET_KEY');
    expect(server.calls).toEqual([]);
  });

  it('is asked again after a lost connection and after a 502', async () => {
    const { gateway, server } = await gatewayOf({ 'show-all-sessions': losing(1) });
    expect(await gateway.list()).toEqual([{ name: NAME }]);
    let bad = 1;
    const proxied = await gatewayOf({ 'show-all-sessions': (_, response) => (bad-- > 0 ? page(response, 502) : false) });
    expect(await proxied.gateway.list()).toEqual([{ name: NAME }]);
    expect([server.calls.length, proxied.server.calls.length]).toEqual([2, 2]);
  });

  it('of another shape is not taken for an empty one', async () => {
    const { gateway, server } = await gatewayOf({ 'show-all-sessions': (_, response) => json(response, 200, { sessions: [] }) });
    await expect(gateway.list()).rejects.toThrow(`wppconnect-server answered GET /api/***/show-all-sessions without a list in "response": this is another version of it or something else answers at ${server.address}, so its sessions can be neither looked at nor repaired; check WPPCONNECT_URL`);
  });
});

describe('the token', () => {
  it('is minted once per session and sent bare', async () => {
    const { gateway, server } = await gatewayOf();
    expect(await gateway.status(NAME)).toBe('CONNECTED');
    expect(await gateway.status(NAME)).toBe('CONNECTED');
    expect(server.routes()).toEqual([
      `POST /api/${URL_NAME}/a%2Fsecret%20with%2Bsigns/generate-token`, `GET /api/${URL_NAME}/status-session`, `GET /api/${URL_NAME}/status-session`,
    ]);
    expect(server.calls[1]!.headers.authorization).toBe('Bearer $2b$10$token-1');
  });

  it('is minted again when the server no longer takes it', async () => {
    const { gateway, server } = await gatewayOf();
    await gateway.status(NAME);
    server.forgetTokens();
    expect(await gateway.status(NAME)).toBe('CONNECTED');
    expect(server.minted()).toBe(2);
  });

  it('that is never taken is a wrong secret, not an endless loop', async () => {
    const { gateway, server } = await gatewayOf({ 'generate-token': (_, response) => json(response, 201, { token: 'stale' }) });
    await expect(gateway.status(NAME)).rejects.toThrow(/^wppconnect-server rejects our secret \(401: Check that the Session and Token are correct\)/);
    expect(server.calls).toHaveLength(4);
  });
});

describe('the probe', () => {
  it.each([
    ['CLOSED', 'closed'], [null, 'closed'], ['INITIALIZING', 'starting'], ['QRCODE', 'qr'], ['PHONECODE', 'qr'], ['DISCONNECTED', 'unknown'],
  ])('of a session that says %s is %s, and its browser is not asked', async (status, probe) => {
    const { gateway, server } = await gatewayOf({}, { [NAME]: status });
    expect(await gateway.probe(NAME)).toEqual({ probe, saw: `status ${status ?? 'CLOSED'}` });
    expect(server.routes().join()).not.toContain('check-connection');
  });

  it('of a session the server does not hold is closed', async () => {
    const { gateway } = await gatewayOf({ 'status-session': (_, response) => json(response, 200, { status: null }) });
    expect(await gateway.probe(NAME)).toEqual({ probe: 'closed', saw: 'status CLOSED' });
  });

  it('of a session that says CONNECTED and whose page answers is healthy', async () => {
    const { gateway } = await gatewayOf();
    expect(await gateway.probe(NAME)).toEqual({ probe: 'healthy', saw: 'status CONNECTED, check-connection answered' });
  });

  it('is zombie when CONNECTED still stands but check-connection never answers', async () => {
    const { gateway } = await gatewayOf({ 'check-connection-session': never }, undefined, { timings: HASTY });
    expect(await gateway.probe(NAME)).toEqual({ probe: 'zombie', saw: 'status CONNECTED, check-connection did not answer in 0.15 s while the server did' });
  });

  it('is zombie when CONNECTED still stands but its browser is gone', async () => {
    const { gateway } = await gatewayOf({ 'check-connection-session': (_, response) => json(response, 200, { status: false, message: 'Disconnected' }) });
    expect(await gateway.probe(NAME)).toEqual({ probe: 'zombie', saw: 'status CONNECTED, but check-connection says Disconnected: its browser or page is gone' });
  });

  it('is closed when somebody closed it between the two questions', async () => {
    const { gateway, state } = await gatewayOf({ 'check-connection-session': (_, response) => {
      state[NAME] = null;
      json(response, 200, { status: false, message: 'Disconnected' });
    } });
    expect(await gateway.probe(NAME)).toEqual({ probe: 'closed', saw: 'status CLOSED' });
  });

  it('is no verdict on the session when the whole server hangs', async () => {
    const { gateway } = await gatewayOf({ 'check-connection-session': never, healthz: (_, response) => json(response, 500, {}) }, undefined, { timings: HASTY });
    expect(await gateway.probe(NAME)).toMatchObject({ probe: 'unknown', couldNotLook: true });
  });

  it('is no verdict on the session when the server is down', async () => {
    const gateway = new WppconnectGateway({ url: `http://${await deadAddress()}`, secretKey: SECRET, retrying: AT_ONCE });
    const look = await gateway.probe(NAME);
    expect(look).toMatchObject({ probe: 'unknown', couldNotLook: true });
    expect(look.saw).toMatch(/^wppconnect-server refused the connection/);
  });
});

describe('close', () => {
  it('is asked by POST and done with 200', async () => {
    const { gateway, server } = await gatewayOf();
    await gateway.close(NAME);
    expect(server.routes().at(-1)).toBe(`POST /api/${URL_NAME}/close-session`);
  });

  it.each(['INITIALIZING', 'CLOSED'])('of a session that is %s answers 500 and is done all the same: the status says so', async (before) => {
    const { gateway, state } = await gatewayOf({ 'close-session': (_, response) => {
      state[NAME] = null;
      json(response, 500, { status: false, message: 'Error closing session', error: {} });
    } }, { [NAME]: before });
    await gateway.close(NAME);
    expect(state[NAME]).toBeNull();
  });

  it('that fails and leaves the session running rejects: nothing of it may be touched', async () => {
    const { gateway } = await gatewayOf({ 'close-session': (_, response) => json(response, 500, { status: false, message: 'Error closing session' }) });
    await expect(gateway.close(NAME)).rejects.toThrow('wppconnect-server answered 500 when asked to close the session, which is still CONNECTED: nothing of it may be touched; try again, and restart the container if it stays so');
  });

  it('that never answers is done when the slot is free', async () => {
    const { gateway, state } = await gatewayOf({ 'close-session': () => void (state[NAME] = null) }, undefined, { timings: HASTY });
    await expect(gateway.close(NAME)).resolves.toBeUndefined();
  });

  it('that never answers and leaves the session running rejects', async () => {
    const { gateway } = await gatewayOf({ 'close-session': never }, undefined, { timings: HASTY });
    await expect(gateway.close(NAME)).rejects.toThrow(/^wppconnect-server did not answer when asked to close the session, which is still CONNECTED: /);
  });

  it('is not repeated after a lost connection: nobody knows what it did', async () => {
    const { gateway, server } = await gatewayOf({ 'close-session': losing(1) });
    await expect(gateway.close(NAME)).rejects.toMatchObject({ fault: 'unreachable' });
    expect(server.routes().filter((route) => route.endsWith('close-session'))).toHaveLength(1);
  });
});

describe('start', () => {
  it('sends exactly {}, since anything else overwrites the stored webhook', async () => {
    const { gateway, server, state } = await gatewayOf({}, { [NAME]: 'CLOSED' });
    await gateway.start(NAME);
    expect(server.calls.at(-1)).toMatchObject({ method: 'POST', url: `/api/${URL_NAME}/start-session`, body: '{}' });
    expect(state[NAME]).toBe('INITIALIZING');
  });

  it('is repeated once after a lost connection, not twice', async () => {
    const once = await gatewayOf({ 'start-session': losing(1) });
    await once.gateway.start(NAME);
    const twice = await gatewayOf({ 'start-session': losing(2) });
    await expect(twice.gateway.start(NAME)).rejects.toMatchObject({ fault: 'unreachable' });
    expect(twice.server.routes().filter((route) => route.endsWith('start-session'))).toHaveLength(2);
  });
});

it('asks nothing but these routes, whatever it is asked to do', async () => {
  const { gateway, server } = await gatewayOf();
  await gateway.list();
  await gateway.probe(NAME);
  await gateway.qr(NAME).catch(() => 'the server above has no QR');
  await gateway.close(NAME);
  await gateway.start(NAME);
  expect(new Set(server.calls.map(({ method, url }) => `${method} ${url.split('/').at(-1)}`))).toEqual(new Set([
    'GET show-all-sessions', 'POST generate-token', 'GET status-session', 'GET check-connection-session', 'GET qrcode-session', 'POST close-session', 'POST start-session',
  ]));
});

it('cannot reconnect and says what to do instead', async () => {
  const { gateway } = await gatewayOf();
  expect(gateway.can.has('reconnect')).toBe(false);
  await expect(gateway.reconnect()).rejects.toThrow('wppconnect-server cannot be asked to reconnect: it has no such request; close and start the session instead');
});

describe('a connection', () => {
  it('is kept for what looks; close and start each have their own', async () => {
    const { gateway, server } = await gatewayOf();
    await gateway.list();
    await gateway.probe(NAME);
    await gateway.close(NAME);
    await gateway.start(NAME);
    const byRoute = Object.fromEntries(server.calls.map(({ url, headers }) => [url.split('/').at(-1), headers.connection]));
    expect(byRoute).toEqual({
      'show-all-sessions': 'keep-alive', 'generate-token': 'keep-alive', 'status-session': 'keep-alive', 'check-connection-session': 'keep-alive', 'close-session': 'close', 'start-session': 'close',
    });
  });
});

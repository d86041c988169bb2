import { encode } from 'uqr';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../sidecar/clock.ts';
import { WhaticketGateway } from '../../sidecar/gateways/whaticket.ts';
import { ROUTE_SETS, type RouteSetName } from '../../sidecar/gateways/whaticket-routes.ts';
import { readPng } from '../../sidecar/health/png.ts';
import { modulesIn } from '../../sidecar/health/qr-modules.ts';
import { qrAsText } from '../../sidecar/health/qr-terminal.ts';
import { AT_ONCE, json, serve, type Handler } from './server.ts';

const INSIDE = '2@Kx0aW2pS9v3Zq,uHkYw8m4N1b7Lr,oPd5Te6Gj2Cf,1';
const TOKEN = 'eyJhbGciOi.J9.zz';

/** A backend with the script's routes; `status` is what its list says of 26. `routes` answer first. */
async function backendOf(status: string, routes: Record<string, Handler> = {}, set?: RouteSetName) {
  const state = { status, followsDisconnect: true };
  const server = await serve((request, response, socket) => {
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return json(response, 401, { error: 'ERR_SESSION_EXPIRED' });
    const route = `${request.method} ${request.url}`;
    if (routes[route]) return routes[route](request, response, socket);
    if (route === 'GET /whatsapp') return json(response, 200, [{ id: 25, name: 'Support', status: 'OPENED' }, { id: 26, name: 'Sales', status: state.status }]);
    if (route === 'GET /health') return json(response, 200, { ok: true });
    if (route === 'PUT /whatsapp/26/disconnect' && state.followsDisconnect) state.status = 'DISCONNECTED';
    return json(response, 200, { message: 'ok' });
  });
  const clock = new VirtualClock(0);
  const gateway = new WhaticketGateway({ url: server.url, token: TOKEN, routes: set, clock, retrying: AT_ONCE });
  const changes = () => server.routes().filter((route) => route !== 'GET /whatsapp');
  return { server, gateway, clock, state, changes };
}

/** Lets a call that waits on the virtual clock go on until it settles. */
async function overTime<T>(clock: VirtualClock, call: Promise<T>): Promise<PromiseSettledResult<T>> {
  const progress = { settled: false };
  const result = Promise.allSettled([call]).finally(() => (progress.settled = true));
  while (!progress.settled) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.moveTo(clock.now() + 500);
  }
  return (await result)[0]!;
}

describe('the QR', () => {
  const listing = (row: Record<string, unknown>) => ({ 'GET /whatsapp': ((_, response) => json(response, 200, [{ id: 25, status: 'qrcode', qrcode: '2@somebody-else' }, { id: 26, ...row }])) as Handler });
  const squaresOf = (text: string) => encode(text, { ecc: 'L', border: 0 }).data;

  it('is drawn from the text in the list, so that a phone and a terminal read it', async () => {
    const { gateway, changes } = await backendOf('', listing({ status: 'qrcode', qrcode: INSIDE }));
    const answer = await gateway.qr('26');
    expect(answer.kind).toBe('qr');
    const { png } = answer as { png: Buffer };
    expect(modulesIn(readPng(png))).toEqual(squaresOf(INSIDE));
    expect(qrAsText(png, false)).toContain('█');
    expect(changes()).toEqual([]);
  });

  it.each([
    [{ status: 'OPENED', qrcode: '' }, 'connected'], [{ status: 'DISCONNECTED', qrcode: INSIDE }, 'not-started'],
    [{ status: 'OPENING', qrcode: '' }, 'failed'], [{ status: 'qrcode', qrcode: '' }, 'failed'], [{ status: 'qrcode' }, 'failed'],
  ])('of a session listed as %j is %s', async (row, kind) => {
    const { gateway } = await backendOf('', listing(row));
    const answer = await gateway.qr('26');
    expect(answer.kind).toBe(kind);
    expect(JSON.stringify(answer)).not.toContain(INSIDE);
  });

  it('of a session that is not listed is none', async () => {
    const { gateway } = await backendOf('OPENED');
    expect(await gateway.qr('99')).toMatchObject({ kind: 'failed', detail: expect.stringContaining('lists no QR for session 99') });
  });
});

describe('the list', () => {
  it('names sessions by their numbers', async () => {
    const { gateway } = await backendOf('OPENED');
    expect(await gateway.list()).toEqual([{ name: '25', status: 'OPENED' }, { name: '26', status: 'OPENED' }]);
  });

  it('is read from {"whatsapps": […]} too', async () => {
    const { gateway } = await backendOf('OPENED', { 'GET /whatsapp': (_, response) => json(response, 200, { whatsapps: [{ id: 7, status: 'CONNECTED' }] }) });
    expect(await gateway.list()).toEqual([{ name: '7', status: 'CONNECTED' }]);
  });

  it('with an expired token names the setting', async () => {
    const { server } = await backendOf('OPENED');
    const gateway = new WhaticketGateway({ url: server.url, token: 'old', clock: new VirtualClock(0), retrying: AT_ONCE });
    await expect(gateway.list()).rejects.toThrow('the backend rejects our secret (401: ERR_SESSION_EXPIRED), so its sessions can be neither looked at nor repaired; set BACKEND_TOKEN to a new token of an administrator (they expire)');
  });
});

describe('the probe', () => {
  it.each([
    ['OPENED', 'healthy'], ['CONNECTED', 'healthy'], ['OPENING', 'starting'], ['PAIRING', 'starting'], ['qrcode', 'qr'], ['DISCONNECTED', 'closed'],
    ['TIMEOUT', 'closed'], ['PENDING', 'closed'], ['toString', 'unknown'],
  ])('of %s is %s', async (status, probe) => {
    const { gateway } = await backendOf(status);
    expect(await gateway.probe('26')).toEqual({ probe, saw: `status ${status}` });
  });

  it('of an OPENED session is no proof while the backend\'s own health fails', async () => {
    const { gateway } = await backendOf('OPENED', { 'GET /health': (_, response) => json(response, 500, { error: 'no database' }) });
    expect(await gateway.probe('26')).toMatchObject({ probe: 'unknown', couldNotLook: true, saw: 'the backend failed at GET /health (500: no database): the fault is inside the backend; look at its log' });
  });

  it('does without a health route', async () => {
    const { gateway } = await backendOf('OPENED', { 'GET /health': (_, response) => void response.writeHead(404, { 'content-type': 'text/html' }).end('<!DOCTYPE html>Cannot GET /health') });
    expect(await gateway.probe('26')).toMatchObject({ probe: 'healthy' });
  });

  it('of a number that is not listed says so', async () => {
    const { gateway } = await backendOf('OPENED');
    expect(await gateway.probe('99')).toEqual({ probe: 'unknown', couldNotLook: true, saw: 'the backend lists no session 99: it was deleted, or the token in BACKEND_TOKEN is of another company or of no administrator; compare with its list of connections' });
  });
});

describe('close', () => {
  it('disconnects and waits until the list says so', async () => {
    const { gateway, changes, state, clock } = await backendOf('OPENED');
    state.followsDisconnect = false;
    const closing = gateway.close('26');
    void clock.sleep(2_000).then(() => (state.status = 'DISCONNECTED'));
    expect(await overTime(clock, closing)).toMatchObject({ status: 'fulfilled' });
    expect(clock.now()).toBeGreaterThanOrEqual(2_000);
    expect(changes()).toEqual(['PUT /whatsapp/26/disconnect']);
  });

  it('is sent to a session listed as closed too: it may be about to connect again', async () => {
    const { gateway, changes } = await backendOf('DISCONNECTED');
    await gateway.close('26');
    expect(changes()).toEqual(['PUT /whatsapp/26/disconnect']);
  });

  it('that the backend refuses because there is no connection is done', async () => {
    const { gateway } = await backendOf('DISCONNECTED', { 'PUT /whatsapp/26/disconnect': (_, response) => json(response, 400, { error: 'ERR_WAPP_NOT_INITIALIZED' }) });
    await expect(gateway.close('26')).resolves.toBeUndefined();
  });

  it('that the backend refuses while it runs rejects', async () => {
    const { gateway } = await backendOf('OPENED', { 'PUT /whatsapp/26/disconnect': (_, response) => json(response, 500, { error: 'boom' }) });
    await expect(gateway.close('26')).rejects.toThrow('the backend failed at PUT /whatsapp/26/disconnect (500: boom): the fault is inside the backend; look at its log');
  });

  it('on a fork without that route rejects even where the list says closed', async () => {
    const { gateway } = await backendOf('DISCONNECTED', { 'PUT /whatsapp/26/disconnect': (_, response) => void response.writeHead(404, { 'content-type': 'text/html' }).end('<!DOCTYPE html>Cannot PUT') });
    await expect(gateway.close('26')).rejects.toMatchObject({ fault: 'html' });
  });

  it.each(['OPENED', 'ABERTO'])('after which the list goes on saying %s rejects: nothing may be touched', async (word) => {
    const { gateway, state, clock } = await backendOf(word);
    state.followsDisconnect = false;
    expect(await overTime(clock, gateway.close('26'))).toMatchObject({
      status: 'rejected', reason: { message: `the backend accepted the disconnect of session 26 but lists it as ${word} after 15 s, so nothing of it may be touched; look at its log, and check the routes of the backend` },
    });
  });
});

describe('start', () => {
  it('starts a session that is closed', async () => {
    const { gateway, changes } = await backendOf('DISCONNECTED');
    await gateway.start('26');
    expect(changes()).toEqual(['PUT /whatsapp/26/start-session']);
  });

  it('leaves a connected session alone: a second connection would throw the first out', async () => {
    const { gateway, changes } = await backendOf('OPENED');
    await gateway.start('26');
    expect(changes()).toEqual([]);
  });

  it('is sent after our own disconnect even when the list still says OPENED', async () => {
    const { gateway, state, changes, clock } = await backendOf('OPENED');
    state.followsDisconnect = false;
    await overTime(clock, gateway.close('26'));
    await gateway.start('26');
    await gateway.start('26');
    expect(changes()).toEqual(['PUT /whatsapp/26/disconnect', 'PUT /whatsapp/26/start-session']);
  });

  it('is not repeated after a lost connection', async () => {
    const { gateway, changes } = await backendOf('DISCONNECTED', { 'PUT /whatsapp/26/start-session': (_, __, socket) => void socket.destroy() });
    await expect(gateway.start('26')).rejects.toMatchObject({ fault: 'unreachable' });
    expect(changes()).toHaveLength(1);
  });

  it('takes an answer that is no JSON', async () => {
    const { gateway } = await backendOf('DISCONNECTED', { 'PUT /whatsapp/26/start-session': (_, response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end('OK') });
    await expect(gateway.start('26')).resolves.toBeUndefined();
  });
});

describe('the routes of the forks', () => {
  it.each([
    ['script', 'PUT /whatsapp/26/start-session'], ['whaticket', 'POST /whatsappsession/26'], ['ticketz', 'GET /whatsappsession/refresh/26'],
  ] as const)('%s: reconnects by %s', async (set, route) => {
    const { gateway, changes } = await backendOf('DISCONNECTED', {}, set);
    await gateway.reconnect('26');
    expect(changes()).toEqual([route]);
  });

  it.each(['whaticket', 'ticketz'] as const)('%s has no safe close: it is not offered, and asking for it changes nothing', async (set) => {
    const { gateway, server } = await backendOf('OPENED', {}, set);
    expect([...gateway.can]).toEqual(['list', 'status', 'probe', 'start', 'reconnect', 'qr']);
    await expect(gateway.close('26')).rejects.toThrow("the backend cannot be asked to close a session: with these routes closing unlinks the phone; stop the container before the session's data is touched");
    expect(server.calls).toEqual([]);
  });

  it('never hold a DELETE, nor the PUT on a session that asks for a new QR', () => {
    const routes = Object.values(ROUTE_SETS).flatMap((set) => Object.values(set)).filter((route) => route !== null);
    expect(routes.filter(({ method, path }) => (method as string) === 'DELETE' || (method === 'PUT' && path.startsWith('/whatsappsession')))).toEqual([]);
  });
});

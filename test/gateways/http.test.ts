import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { neverArrived, ofConnection } from '../../sidecar/gateways/faults.ts';
import { answering as answeringTo, at, BLIND, faultOf, LIST as ACTING } from './asking.ts';
import { deadAddress, json, page, serve, type Handler } from './server.ts';

describe.each([{ call: 'a call with a connection of its own', looks: false }, { call: 'a look', looks: true }])('what the operator reads of $call when a gateway', ({ looks }) => {
  const LIST = { ...ACTING, looks };
  const answering = (handler: Handler, call = LIST) => answeringTo(handler, call);

  it('is not up: refused, with the container and the address to look at', async () => {
    const address = await deadAddress();
    const error = await faultOf(at(`http://${address}`).ask(LIST));
    expect(error.fault).toBe('unreachable');
    expect(error.message).toBe(`gateway-wrapper refused the connection at ${address}: its container is not up or it listens on another port, ${BLIND}; start the container or correct WPP_GATEWAY_BASE_URL`);
  });

  it.each(['ENOTFOUND', 'EAI_AGAIN'])('has a name nobody knows (%s): DNS and the Docker network', (code) => {
    const { asked } = at('http://gateway-wrapper:3000');
    const error = ofConnection(asked, 'GET /api/channels', Object.assign(new Error(`getaddrinfo ${code}`), { code }));
    expect(error.fault).toBe('unreachable');
    expect(error.message).toBe(`the name in gateway-wrapper:3000 is not known here (DNS): gateway-wrapper is not up or not in the same Docker network, ${BLIND}; start it, join its network or correct WPP_GATEWAY_BASE_URL`);
  });

  it('refuses on both addresses of its name: told as one refusal', () => {
    const { asked } = at('http://localhost:3000');
    const refused = ['::1', '127.0.0.1'].map((address) => Object.assign(new Error(address), { code: 'ECONNREFUSED' }));
    const error = ofConnection(asked, 'GET /api/channels', new AggregateError(refused));
    expect(error.message).toMatch(/^gateway-wrapper refused the connection at localhost:3000/);
    expect(neverArrived(error)).toBe(true);
  });

  it('never answers: the deadline and what hangs', async () => {
    const { error } = await answering(() => {}, { ...LIST, deadlineMs: 50 });
    expect(error.fault).toBe('timeout');
    expect(error.message).toBe('gateway-wrapper did not answer GET /api/channels within 0.05 s: it hangs or is overloaded; look at its container (CPU, memory, log) and restart it if this lasts');
  });

  it('hangs in the middle of its answer: the deadline too', async () => {
    const { error } = await answering((_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{"suc'), { ...LIST, deadlineMs: 100 });
    expect(error.fault).toBe('timeout');
  });

  it('closes the connection in the middle of its answer: nobody knows whether it was carried out', async () => {
    const { error } = await answering((_, response, socket) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"success":true,', () => socket.destroy());
    });
    expect(error.fault).toBe('unreachable');
    expect(error.message).toBe("gateway-wrapper closed the connection during GET /api/channels (ECONNRESET): it is restarting, or a proxy cuts connections, so nobody knows whether that was carried out; look at its container's log");
  });

  it('sends rubbish instead of HTTP: a wrong port', async () => {
    const redis = createServer((socket) => socket.end('-ERR unknown command\r\n'));
    await new Promise<void>((resolve) => redis.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void redis.close());
    const address = `127.0.0.1:${(redis.address() as AddressInfo).port}`;
    const error = await faultOf(at(`http://${address}`).ask(LIST));
    expect(error.fault).toBe('unexpected');
    expect(error.message).toBe(`what answers at ${address} is not gateway-wrapper (not the expected http or https): probably a wrong port, ${BLIND}; correct WPP_GATEWAY_BASE_URL`);
  });

  it('is asked by https and speaks http: the same', async () => {
    const server = await serve((_, response) => json(response, 200, {}));
    const error = await faultOf(at(server.url.replace('http:', 'https:')).ask(LIST));
    expect(error.fault).toBe('unexpected');
    expect(error.message).toContain('(not the expected http or https)');
  });

  it('rejects the secret: which setting to correct, with its own words', async () => {
    const { error } = await answering((_, response) => json(response, 401, { error: 'Missing X-Gateway-Secret header' }));
    expect([error.fault, error.status]).toEqual(['wrong-secret', 401]);
    expect(error.message).toBe(`gateway-wrapper rejects our secret (401: Missing X-Gateway-Secret header), ${BLIND}; set WPP_GATEWAY_SECRET to the one gateway-wrapper uses`);
  });

  it('stands behind a proxy with a login page: the proxy, not the secret', async () => {
    const { error } = await answering((_, response) => page(response, 401, '401 Authorization Required'));
    expect(error.fault).toBe('proxy');
    expect(error.message).toBe(`a proxy in front of gateway-wrapper asks for a login of its own (401 with a web page), ${BLIND}; set WPP_GATEWAY_BASE_URL to the address of gateway-wrapper itself`);
  });

  it.each([502, 503, 504])('is down behind a proxy (%i with a web page): the proxy is up, it is not', async (status) => {
    const { error } = await answering((_, response) => page(response, status));
    expect([error.fault, error.status]).toEqual(['proxy', status]);
    expect(error.message).toBe(`a proxy in front of gateway-wrapper answers ${status}: the proxy is up and gateway-wrapper behind it is not, ${BLIND}; start gateway-wrapper or set WPP_GATEWAY_BASE_URL to its own address`);
  });

  it('is somewhere else and a web page answers 200: wrong port or path', async () => {
    const { error, address } = await answering((_, response) => page(response, 200, 'Welcome'));
    expect(error.fault).toBe('html');
    expect(error.message).toBe(`${address} answers GET /api/channels with a web page (200): that is not the interface of gateway-wrapper, probably a wrong port or path, ${BLIND}; correct WPP_GATEWAY_BASE_URL`);
  });

  it('has no such route and says so with a web page: wrong port or path, not a missing session', async () => {
    const { error } = await answering((_, response) => response.writeHead(404, { 'content-type': 'text/html; charset=utf-8' }).end('<!DOCTYPE html><pre>Cannot GET /api/channels</pre>'));
    expect(error.fault).toBe('html');
  });

  it('sends a web page that calls itself JSON: still a web page', async () => {
    const { error } = await answering((_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('\n<!doctype html><p>hello'));
    expect(error.fault).toBe('html');
  });

  it('redirects: the address is wrong, and the secret is not carried along', async () => {
    const elsewhere = await serve((_, response) => json(response, 200, {}));
    const { error, address } = await answering((_, response) => response.writeHead(301, { location: `${elsewhere.url}/login` }).end());
    expect(error.fault).toBe('proxy');
    expect(error.message).toBe(`${address} sends GET /api/channels elsewhere (301): a proxy in front of gateway-wrapper redirects to https or to a login page, ${BLIND}; set WPP_GATEWAY_BASE_URL to the address of gateway-wrapper itself`);
    expect(elsewhere.calls).toHaveLength(0);
  });

  it('does not know the session: its list', async () => {
    const { error } = await answering((_, response) => json(response, 404, { success: false, error: 'Channel not found' }));
    expect([error.fault, error.status]).toEqual(['not-found', 404]);
    expect(error.message).toBe("gateway-wrapper does not know GET /api/channels (404: Channel not found): it has no such session or no such route, and nothing was done; compare the session's name with its list");
  });

  it('fails inside: its own words and its log', async () => {
    const { error } = await answering((_, response) => json(response, 500, { error: { message: 'boom' } }));
    expect([error.fault, error.status]).toEqual(['server-error', 500]);
    expect(error.message).toBe('gateway-wrapper failed at GET /api/channels (500: boom): the fault is inside gateway-wrapper; look at its log');
  });

  it('answers without end: it is not read to the end', async () => {
    const { error } = await answering((_, response) => {
      const chunk = Buffer.alloc(1024 * 1024, 0x20);
      const more = () => { while (!response.destroyed && response.write(chunk)); };
      response.writeHead(200, { 'content-type': 'application/json' }).on('drain', more);
      more();
    }, { ...LIST, deadlineMs: 20_000 });
    expect(error.message).toMatch(/^gateway-wrapper answered GET \/api\/channels with more than 8 MB: that is no answer/);
  });
});

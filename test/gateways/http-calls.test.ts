import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { answering, at, BLIND, faultOf, LIST, SECRET } from './asking.ts';
import { json, serve, type Handler } from './server.ts';

describe('a secret', () => {
  it('is not shown when the gateway repeats it, as it is or encoded', async () => {
    const { error } = await answering((_, response) => json(response, 500, { message: `bad ${SECRET} in /api/${encodeURIComponent(SECRET)}/x` }));
    expect(error.message).toContain('(500: bad *** in /api/***/x)');
  });

  it('stands in no error, not even when it is taken apart', async () => {
    const { error } = await answering((_, response) => json(response, 401, {}), { ...LIST, headers: { 'x-gateway-secret': SECRET } });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(SECRET);
  });

  it('with a line end is told by its setting, not by itself', async () => {
    const error = await faultOf(at('http://127.0.0.1:1').ask({ ...LIST, headers: { 'x-gateway-secret': 'first\nsecond' } }));
    expect(error.message).toBe(`the secret for gateway-wrapper holds a character that cannot be sent in a header, ${BLIND}; look for a line end or a quote in WPP_GATEWAY_SECRET`);
  });

  it('of a user in the address is used and not shown', async () => {
    const server = await serve((request, response) => json(response, request.headers.authorization ? 500 : 401, {}));
    const error = await faultOf(at(server.url.replace('//', '//me:s3cr3t@')).ask(LIST));
    expect(error.status).toBe(500);
    expect(server.calls[0]!.headers.authorization).toBe(`Basic ${Buffer.from('me:s3cr3t').toString('base64')}`);
    expect(inspect(error, { depth: 20 })).not.toContain('s3cr3t');
  });
});

describe('a call', () => {
  it('keeps a path that the address has', async () => {
    const server = await serve((_, response) => json(response, 200, { success: true }));
    const answer = await at(`${server.url}/whats/`).ask(LIST);
    expect(answer.json).toEqual({ success: true });
    expect(server.routes()).toEqual(['GET /whats/api/channels']);
  });

  it('that its caller ends rejects with the caller\'s reason, not as a fault of the gateway', async () => {
    const stop = new AbortController();
    const server = await serve(() => stop.abort(new Error('we are stopping')));
    await expect(at(server.url).ask({ ...LIST, signal: stop.signal })).rejects.toThrow('we are stopping');
  });

  it('quotes other programs in one short line without control characters', async () => {
    const { error } = await answering((_, response) => json(response, 500, { message: `a\n[2026] forged\u001b[31m ${'x'.repeat(5_000)}` }));
    expect(error.message).toMatch(/\(500: a \[2026\] forged \[31m x+\.\.\.\)/);
    expect(error.message.length).toBeLessThan(400);
  });

  it('to an address that is none stops with the setting, not with the value', () => {
    expect(() => at('gateway-wrapper:3000')).toThrow('WPP_GATEWAY_BASE_URL is not a web address: give it as http://host:port');
  });
});

describe('a connection', () => {
  const looking = { ...LIST, looks: true };
  const portsOf = async (handler: Handler = (_, response) => json(response, 200, { success: true })) => {
    const ports: (number | undefined)[] = [];
    const server = await serve((request, response, socket) => {
      ports.push(socket.remotePort);
      return handler(request, response, socket);
    });
    return { gateway: at(server.url), server, ports };
  };

  it('serves one look after another, and no call that changes something', async () => {
    const { gateway, ports } = await portsOf();
    for (const call of [looking, looking, LIST, LIST, looking]) await gateway.ask(call);
    const [first, second, acting, again, last] = ports;
    expect([second, last]).toEqual([first, first]);
    expect(new Set([first, acting, again]).size).toBe(3);
  });

  it('that the gateway closed when a look came is replaced, and the look is told nothing of it', async () => {
    const { gateway, server } = await portsOf((_, response, socket) => {
      if (server.calls.length === 2) return socket.resetAndDestroy();
      return json(response, 200, { asked: server.calls.length });
    });
    await gateway.ask(looking);
    expect((await gateway.ask(looking)).json).toEqual({ asked: 3 });
  });

  it('that is lost at a look\'s first call is a fault', async () => {
    const { gateway } = await portsOf((_, __, socket) => socket.resetAndDestroy());
    expect((await faultOf(gateway.ask(looking))).message).toContain('closed the connection during GET /api/channels');
  });

  it('on which a look hung is not used again', async () => {
    const { gateway, ports } = await portsOf((_, response) => (ports.length === 2 ? undefined : json(response, 200, {})));
    await gateway.ask(looking);
    expect((await faultOf(gateway.ask({ ...looking, deadlineMs: 50 }))).fault).toBe('timeout');
    await gateway.ask(looking);
    expect(ports[1]).toBe(ports[0]);
    expect(ports[2]).not.toBe(ports[0]);
  });
});

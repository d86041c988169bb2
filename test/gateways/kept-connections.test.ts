import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { at, faultOf, LIST } from './asking.ts';
import { json, serve } from './server.ts';

const LOOK = { ...LIST, looks: true };
const ANSWER = '{"success":true}';
const whole = (head = `content-length: ${ANSWER.length}`, body = ANSWER) => `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${head}\r\n\r\n${body}`;

/** Answers each request with those bytes; says over how many connections they came. */
async function raw(reply: (socket: Socket, asked: string) => void) {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('data', (bytes) => {
      requests.push(bytes.toString());
      reply(socket, bytes.toString());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { gateway: at(`http://${address}`), address, requests, connections: () => sockets.size };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a look', () => {
  it('says what it wants in one piece', async () => {
    const { gateway, requests, address } = await raw((socket) => socket.write(whole()));
    await gateway.ask({ ...LOOK, headers: { authorization: 'Bearer t' } });
    await gateway.ask({ ...LOOK, method: 'POST', path: '/api/s%201/generate-token' });
    expect(requests).toEqual([
      `GET /api/channels HTTP/1.1\r\nhost: ${address}\r\nconnection: keep-alive\r\naccept: application/json, image/png\r\nauthorization: Bearer t\r\n\r\n`,
      `POST /api/s%201/generate-token HTTP/1.1\r\nhost: ${address}\r\nconnection: keep-alive\r\ncontent-length: 0\r\naccept: application/json, image/png\r\n\r\n`,
    ]);
  });

  it.each([
    ['of a known length', whole()],
    ['in chunks', whole('transfer-encoding: chunked', `5\r\n${ANSWER.slice(0, 5)}\r\nb\r\n${ANSWER.slice(5)}\r\n0\r\n\r\n`)],
    ['behind an early hint', `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${whole()}`],
  ])('reads an answer %s, byte by byte too, and asks the next over the same connection', async (_, bytes) => {
    const { gateway, requests, connections } = await raw(async (socket) => {
      if (requests.length === 1) return socket.write(bytes);
      for (const byte of Buffer.from(bytes)) {
        socket.write(Buffer.of(byte));
        await pause(0);
      }
    });
    for (const _ of [1, 2, 3]) expect((await gateway.ask(LOOK)).json).toEqual({ success: true });
    expect(connections()).toBe(1);
  });

  it('reads an answer that ends with its connection', async () => {
    const { gateway, connections } = await raw((socket) => socket.end(`HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n${ANSWER}`));
    for (const _ of [1, 2]) expect((await gateway.ask(LOOK)).json).toEqual({ success: true });
    expect(connections()).toBe(2);
  });

  it('reads a list of many reads', async () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `session ${i}`);
    const server = await serve((_, response) => json(response, 200, names));
    expect((await at(server.url).ask(LOOK)).json).toEqual(names);
  });

  it('with a line end in a header is not sent', async () => {
    const { gateway, requests } = await raw((socket) => socket.write(whole()));
    expect((await faultOf(gateway.ask({ ...LOOK, headers: { authorization: 'Bearer t\r\nx: y' } }))).message).toContain('holds a character that cannot be sent in a header');
    expect(requests).toEqual([]);
  });

  it('with a line end in its path is not sent', async () => {
    const { gateway, requests } = await raw((socket) => socket.write(whole()));
    await expect(gateway.ask({ ...LOOK, path: '/api/x HTTP/1.1\r\nx: y' })).rejects.toMatchObject({ message: expect.stringContaining('path') });
    expect(requests).toEqual([]);
  });

  it('ends with its caller', async () => {
    const stop = new AbortController();
    const { gateway } = await raw(() => stop.abort(new Error('we are stopping')));
    await expect(gateway.ask({ ...LOOK, signal: stop.signal })).rejects.toThrow('we are stopping');
  });

  it('of which nobody knows whether it was answered is not asked twice', async () => {
    const { gateway, requests } = await raw((socket) => {
      if (requests.length < 2) return socket.write(whole());
      return socket.write('HTTP/1.1 200', () => socket.destroy());
    });
    await gateway.ask(LOOK);
    expect((await faultOf(gateway.ask(LOOK))).message).toContain('closed the connection during GET /api/channels');
    expect(requests).toHaveLength(2);
  });
});

describe('a connection is not used again', () => {
  it.each([
    ['its answer says that it ends', whole(`connection: close\r\ncontent-length: ${ANSWER.length}`)],
    ['more came than the answer', `${whole()}HTTP/1.1 200 OK\r\n`],
    ['more came than the last chunk', `${whole('transfer-encoding: chunked', `10\r\n${ANSWER}\r\n0\r\n\r\n`)}HTTP/1.1`],
    ['the gateway is about to close it', whole(`keep-alive: timeout=1\r\ncontent-length: ${ANSWER.length}`)],
  ])('when %s', async (_, bytes) => {
    const { gateway, connections } = await raw((socket) => socket.write(bytes));
    for (const _ of [1, 2]) expect((await gateway.ask(LOOK)).json).toEqual({ success: true });
    expect(connections()).toBe(2);
  });

  it('when something comes that nobody asked for', async () => {
    const { gateway, connections } = await raw((socket) => void socket.write(whole(), () => setTimeout(() => socket.write(whole()), 10)));
    await gateway.ask(LOOK);
    await pause(50);
    await gateway.ask(LOOK);
    expect(connections()).toBe(2);
  });

  it('when it lay for long', async () => {
    const { gateway, connections } = await raw((socket) => socket.write(whole()));
    await gateway.ask(LOOK);
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now + 61_000);
    onTestFinished(() => void vi.restoreAllMocks());
    await gateway.ask(LOOK);
    expect(connections()).toBe(2);
  });
});

describe('a look whose silence tells something', () => {
  const silenceTells = { ...LOOK, silenceTells: true };

  it('takes the connection that answered just now, and no other', async () => {
    const { gateway, connections } = await raw((socket) => socket.write(whole()));
    await gateway.ask(LOOK);
    await gateway.ask(silenceTells);
    expect(connections()).toBe(1);
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now + 1_500);
    onTestFinished(() => void vi.restoreAllMocks());
    await gateway.ask(silenceTells);
    expect(connections()).toBe(2);
  });
});

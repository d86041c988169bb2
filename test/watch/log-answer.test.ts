import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Dockerode from 'dockerode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drain } from '../../sidecar/watch/drain.ts';
import { type Address, ask, plainAddress } from '../../sidecar/watch/log-answer.ts';

const folder = mkdtempSync(join(tmpdir(), 'log-answer-'));
const path = join(folder, 'engine.sock');
let server: Server;
let asked: string[];
/** What the engine does with a connection once it was asked. */
let answer: (socket: Socket) => void;

beforeEach(async () => {
  asked = [];
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (request) => {
      asked.push(request.toString());
      answer(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(path, { force: true });
});

const CHUNKED = 'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const open = (signal = new AbortController().signal, address: Address = { path }) => ask(address, '/containers/a/logs?tail=1', { 'X-Ours': 'yes' }, signal);

async function read(from = open()): Promise<{ text: string; end: string }> {
  let text = '';
  const response = await from;
  const end = await drain(response, (chunk) => {
    text += chunk.toString();
  });
  return { text, end };
}

describe('an answer read straight from the socket', () => {
  it('comes whole when head and body come at once', async () => {
    answer = (socket) => socket.end(`${CHUNKED}3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n`);
    expect(await read()).toEqual({ text: 'onetwo', end: 'complete' });
    expect(asked).toEqual(['GET /containers/a/logs?tail=1 HTTP/1.1\r\nHost: localhost\r\nX-Ours: yes\r\nConnection: close\r\n\r\n']);
  });

  it('comes whole byte by byte, and though the engine keeps the connection', async () => {
    answer = async (socket) => {
      for (const byte of `${CHUNKED}3\r\none\r\n0\r\n\r\n`) await new Promise<void>((resolve) => void socket.write(byte, () => setImmediate(resolve)));
    };
    expect(await read()).toEqual({ text: 'one', end: 'complete' });
  });

  it('that ends before its last chunk was cut, in order or not', async () => {
    answer = (socket) => socket.end(`${CHUNKED}3\r\none\r\n`);
    expect(await read()).toEqual({ text: 'one', end: 'cut' });
    answer = (socket) => socket.write(`${CHUNKED}3\r\non`, () => socket.destroy());
    expect(await read()).toEqual({ text: 'on', end: 'cut' });
  });

  it('that breaks the rules of HTTP half way was cut', async () => {
    answer = (socket) => socket.write(`${CHUNKED}3\r\none\r\nrubbish\r\n`);
    expect((await read()).end).toBe('cut');
  });

  it('without chunks ends with its length, or with the connection', async () => {
    answer = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none');
    expect(await read()).toEqual({ text: 'one', end: 'complete' });
    answer = (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\none');
    expect(await read()).toEqual({ text: 'one', end: 'complete' });
  });

  it('of 5 MB comes in large pieces, whole, though the engine writes a chunk for every line', async () => {
    const line = Buffer.from(`64\r\n${'x'.repeat(99)}\n\r\n`);
    answer = (socket) => socket.end(Buffer.concat([Buffer.from(CHUNKED), ...Array.from({ length: 50_000 }, () => line), Buffer.from('0\r\n\r\n')]));
    let pieces = 0;
    let bytes = 0;
    let wrong = 0;
    const end = await drain(await open(), (piece) => {
      pieces++;
      bytes += piece.length;
      for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, at + 1)) wrong += at + 1 < piece.length && piece[at + 1] !== 0x78 ? 1 : 0;
    });
    expect([end, bytes, wrong]).toEqual(['complete', 5_000_000, 0]);
    expect(pieces).toBeLessThan(5_000);
  });

  it('that the engine writes line by line comes gathered, whole and in order', async () => {
    const LINES = 2_000;
    const line = (n: number) => `line ${String(n).padStart(5, '0')}\n`;
    answer = async (socket) => {
      socket.write(CHUNKED);
      for (let n = 0; n < LINES; n++) {
        socket.write(`b\r\n${line(n)}\r\n`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      socket.end('0\r\n\r\n');
    };
    let pieces = 0;
    let text = '';
    const end = await drain(await open(), (piece) => {
      pieces++;
      text += piece.toString();
    });
    expect([end, text]).toEqual(['complete', Array.from({ length: LINES }, (_, n) => line(n)).join('')]);
    expect(pieces).toBeLessThan(LINES / 2);
  });

  it('that is left while it is being gathered was cut', async () => {
    const leaving = new AbortController();
    answer = (socket) => socket.write(`${CHUNKED}3\r\none\r\n`, () => setImmediate(() => socket.write('3\r\ntwo\r\n')));
    const response = await open(leaving.signal);
    const drained = drain(response, () => setImmediate(() => leaving.abort()));
    expect(await drained).toBe('cut');
  });

  it('waits for its reader', async () => {
    answer = (socket) => socket.end(`${CHUNKED}3\r\none\r\n0\r\n\r\n`);
    const early = await open();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await read(Promise.resolve(early))).toEqual({ text: 'one', end: 'complete' });
  });

  it('that is a refusal rejects with status and the engine\'s words', async () => {
    answer = (socket) => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 34\r\n\r\n{"message":"No such container: a"}');
    await expect(open()).rejects.toMatchObject({ statusCode: 404, message: 'No such container: a' });
    answer = (socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n<html>');
    await expect(open()).rejects.toMatchObject({ statusCode: 502, message: '<html>' });
  });

  it('that never comes rejects: nobody listens, a broken connection, other words than HTTP, our own leaving', async () => {
    await expect(open(undefined, { path: `${path}.none` })).rejects.toMatchObject({ code: 'ENOENT' });
    answer = (socket) => socket.destroy();
    await expect(open()).rejects.toMatchObject({ code: 'ECONNRESET' });
    answer = (socket) => socket.end('SSH-2.0-OpenSSH\r\n\r\n');
    await expect(open()).rejects.toThrow('this is no HTTP answer');
    const leaving = new AbortController();
    answer = () => leaving.abort();
    await expect(open(leaving.signal)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(open(leaving.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('ends when we leave in the middle', async () => {
    const leaving = new AbortController();
    answer = (socket) => socket.write(`${CHUNKED}3\r\none\r\n`);
    const response = await open(leaving.signal);
    expect(await drain(response, () => leaving.abort())).toBe('cut');
  });
});

describe('where the engine is asked', () => {
  it('without TLS and ssh: by ourselves; else by dockerode', async () => {
    expect(await plainAddress(new Dockerode({ socketPath: '/run/engine.sock' }))).toEqual({ path: '/run/engine.sock' });
    expect(await plainAddress(new Dockerode({ protocol: 'http', host: 'socket-proxy', port: 2375 }))).toEqual({ host: 'socket-proxy', port: 2375 });
    expect(await plainAddress(new Dockerode({ protocol: 'https', host: 'engine', port: 2376 }))).toBeNull();
    expect(await plainAddress(new Dockerode({ protocol: 'ssh', host: 'engine', username: 'u' }))).toBeNull();
  });

  it('over TCP too', async () => {
    answer = (socket) => socket.end(`${CHUNKED}3\r\none\r\n0\r\n\r\n`);
    const proxy = createServer((socket) => server.emit('connection', socket));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    expect(await read(open(undefined, { host: '127.0.0.1', port }))).toEqual({ text: 'one', end: 'complete' });
    expect(asked[0]).toContain(`Host: 127.0.0.1:${port}\r\n`);
    await new Promise((resolve) => proxy.close(resolve));
  });
});

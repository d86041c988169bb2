import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Notice } from '../../sidecar/report/alerts.ts';
import { webhookChannel } from '../../sidecar/report/webhook.ts';
import { Secret } from '../../sidecar/settings/secret.ts';

const NOTICE: Notice = {
  kind: 'alert', key: 'session blue12', session: 'blue12', at: Date.parse('2026-02-09T10:14:03.120Z'),
  text: 'needs a QR scan <!channel> & more', link: 'http://hub.example/qr',
};

/** What would be sent to that address, without sending it. */
async function sentTo(address: string, notice: Notice = NOTICE): Promise<{ name: string; url: string; headers: Record<string, string>; body: string }> {
  const calls: { url: string; headers: Record<string, string>; body: string }[] = [];
  const channel = webhookChannel(new Secret(address), async (url, init) => {
    calls.push({ url: String(url), headers: init!.headers as Record<string, string>, body: String(init!.body) });
    return new Response('ok');
  });
  await channel.send(notice, AbortSignal.timeout(1_000));
  return { name: channel.name, ...calls[0]! };
}

async function localServer(answer: (request: IncomingMessage, body: string) => { status: number; headers?: Record<string, string> } | 'hang up'): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const given = answer(request, Buffer.concat(chunks).toString());
    if (given === 'hang up') request.socket.destroy();
    else response.writeHead(given.status, given.headers).end('hidden answer');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/s3cr3t`;
}

describe('the body fits the service behind the address', () => {
  it('Slack, without letting a text mention anybody', async () => {
    const { name, body } = await sentTo('https://hooks.slack.com/services/T0/B0/x');
    expect(name).toBe('Slack');
    expect(JSON.parse(body)).toEqual({ text: '*ALERT: blue12*\nneeds a QR scan &lt;!channel&gt; &amp; more\nhttp://hub.example/qr' });
  });

  it('Discord, without mentions and not too long', async () => {
    const { name, body } = await sentTo('https://discord.com/api/webhooks/1/x', { ...NOTICE, text: '@everyone '.repeat(500) });
    expect(name).toBe('Discord');
    expect(JSON.parse(body).allowed_mentions).toEqual({ parse: [] });
    expect(JSON.parse(body).content.length).toBeLessThanOrEqual(1_900);
  });

  it('Telegram, with the chat out of the address', async () => {
    const { name, url, body } = await sentTo('https://api.telegram.org/bot1:x/sendMessage?chat_id=-100200');
    expect([name, url]).toEqual(['Telegram', 'https://api.telegram.org/bot1:x/sendMessage']);
    expect(JSON.parse(body)).toMatchObject({ chat_id: '-100200', text: 'ALERT: blue12\nneeds a QR scan <!channel> & more\nhttp://hub.example/qr' });
  });

  it('ntfy, with title and link in headers', async () => {
    const { name, headers, body } = await sentTo('https://ntfy.example.org/topic', { ...NOTICE, session: 'Loja São 🙂\n' });
    expect(name).toBe('ntfy');
    expect(headers).toMatchObject({ title: 'ALERT: Loja São ???', priority: 'high', tags: 'warning', click: 'http://hub.example/qr' });
    expect(body).toBe(NOTICE.text);
  });

  it('anything else: JSON with every part by itself', async () => {
    const { name, body } = await sentTo('https://hub.example/alerts', { ...NOTICE, kind: 'resolved' });
    expect(name).toBe('the webhook');
    expect(JSON.parse(body)).toEqual({
      title: 'resolved: blue12', text: NOTICE.text, kind: 'resolved', session: 'blue12', link: 'http://hub.example/qr', at: '2026-02-09T10:14:03.120Z',
    });
  });
});

describe('over the wire', () => {
  it('is posted as it should be', async () => {
    const got: string[] = [];
    const address = await localServer((request, body) => {
      got.push(`${request.method} ${request.url} ${request.headers['content-type']} ${JSON.parse(body).text}`);
      return { status: 204 };
    });
    await webhookChannel(new Secret(address)).send(NOTICE, AbortSignal.timeout(5_000));
    expect(got).toEqual([`POST /hook/s3cr3t application/json ${NOTICE.text}`]);
  });

  it.each([
    [{ status: 500 }, 'it answered 500'],
    [{ status: 404 }, 'it answered 404: AUTO_FIX_ALERT_WEBHOOK is not, or no longer, an address of that service'],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1/elsewhere' } }, 'it answered 302'],
    ['hang up' as const, 'it cannot be reached (UND_ERR_SOCKET)'],
  ])('%j is a sentence without the address', async (answer, words) => {
    const address = await localServer(() => answer);
    await expect(webhookChannel(new Secret(address)).send(NOTICE, AbortSignal.timeout(5_000))).rejects.toThrow(words);
    await expect(webhookChannel(new Secret(address)).send(NOTICE, AbortSignal.timeout(5_000))).rejects.not.toThrow('s3cr3t');
  });
});

import { existsSync, lstatSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from './control.ts';
import { RunningWpp } from './running-wpp.ts';
import { browsersOn } from './stand-ins/chromium.ts';

let wpp: RunningWpp;

beforeEach(async () => {
  wpp = new RunningWpp();
  await wpp.upAndConnected();
});
afterEach(() => wpp.down());

describe('the door', () => {
  test('a wrong secret gets 400, a wrong or dressed-up token 401', async () => {
    const mint = (secret: string) => fetch(`${wpp.url}/api/s1/${secret}/generate-token`, { method: 'POST' });
    expect((await mint('wrong')).status).toBe(400);
    const good = (await (await mint(wpp.secret)).json()) as { status: string; token: string; full: string };
    expect(good).toMatchObject({ status: 'success', full: `s1:${good.token}` });
    const ask = async (bearer: string) => (await fetch(`${wpp.url}/api/s1/status-session`, { headers: { authorization: bearer } })).status;
    expect(await ask(`Bearer ${good.token}`)).toBe(200);
    expect(await ask(`Bearer ${good.full}`)).toBe(401);
    expect(await ask('Bearer nonsense')).toBe(401);
    expect((await fetch(`${wpp.url}/api/Two%20Words/status-session`, { headers: { authorization: `Bearer ${good.token}` } })).status).toBe(401);
    expect((await fetch(`${wpp.url}/api/wrong/show-all-sessions`)).status).toBe(400);
  });

  test('the list names token files, not what runs', async () => {
    await wpp.close('s1');
    const list = await (await fetch(`${wpp.url}/api/${wpp.secret}/show-all-sessions`)).json();
    expect(list).toEqual({ response: ['Two Words', 's1'] });
  });
});

describe('a close and a start', () => {
  test('a start tells the state before it, and brings the session back', async () => {
    expect((await wpp.close('s1')).status).toBe(200);
    expect(await (await wpp.start('s1')).json()).toMatchObject({ status: 'CLOSED' });
    await wpp.becomes('s1', 'CONNECTED');
    expect(await (await wpp.start('s1')).json()).toMatchObject({ status: 'CONNECTED' });
    expect((await wpp.control.session('s1')).starts).toBe(2);
    expect(wpp.times('Started Session: s1')).toBe(2);
  });

  test('a close removes the locks and prints Page Closed and browserClose', async () => {
    expect(lstatSync(join(wpp.profile('s1'), 'SingletonLock')).isSymbolicLink()).toBe(true);
    await wpp.close('s1');
    expect(readdirSync(wpp.profile('s1')).filter((name) => name.startsWith('Singleton'))).toEqual([]);
    expect(wpp.printed).toContain('[s1:page] Page Closed\n');
    expect(wpp.printed).toMatch(/Z browserClose\n\n\n/);
    expect(browsersOn(wpp.profile('s1'))).toEqual([]);
  });

  test('an unknown session cannot be closed: 500', async () => {
    expect((await wpp.close('nobody')).status).toBe(500);
    expect(wpp.printed).toContain('req.client.close is not a function');
  });

  test('a start with a body overwrites the webhook, a start with {} keeps it', async () => {
    const file = join(wpp.dir, 'tokens', 's1.data.json');
    const before = readFileSync(file, 'utf8');
    await wpp.close('s1');
    await wpp.start('s1');
    expect(readFileSync(file, 'utf8')).toBe(before);
    await wpp.becomes('s1', 'CONNECTED');
    await wpp.close('s1');
    await wpp.start('s1', { waitQrCode: false });
    expect(readFileSync(file, 'utf8')).not.toBe(before);
  });

  test('a wrong case makes a second session', async () => {
    await wpp.start('S1');
    expect(existsSync(join(wpp.dir, 'tokens', 'S1.data.json'))).toBe(true);
    await wpp.becomes('S1', 'QRCODE');
  });
});

describe('a login that is gone', () => {
  test('no profile: a QR as picture and data URL, and connected again after a scan', async () => {
    await wpp.close('s1');
    rmSync(wpp.profile('s1'), { recursive: true });
    await wpp.start('s1');
    await wpp.becomes('s1', 'QRCODE');
    const picture = await wpp.call('GET', 's1', 'qrcode-session');
    expect(picture.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await picture.arrayBuffer()).subarray(1, 4).toString()).toBe('PNG');
    expect(await (await wpp.call('GET', 's1', 'status-session')).json()).toMatchObject({ qrcode: expect.stringMatching(/^data:image\/png;base64,/) });
    expect((await wpp.control.breakSession('s1', 'scan')).result).toBe(true);
    await wpp.becomes('s1', 'CONNECTED');
    expect(await (await wpp.call('GET', 's1', 'qrcode-session')).json()).toMatchObject({ status: 'CONNECTED' });
  });

  test('an unlinked phone: only a scan helps, an old copy of the login does not', async () => {
    await wpp.control.breakSession('s1', 'unlink-phone');
    expect(wpp.printed).toMatch(/State Change UNPAIRED: s1\n[^]*disconnectedMobile/);
    await wpp.start('s1');
    await wpp.becomes('s1', 'QRCODE');
  });

  test('a QR that nobody scans: eleven countdown lines, then Auto Close Called', async () => {
    await wpp.up({ seed: [], pace: { startMs: 20, qrWaitMs: 240 } });
    await wpp.start('new');
    await until('auto close', () => wpp.printed.includes('Auto Close Called'));
    expect(wpp.times('[new:client] Auto close remain: ')).toBe(11);
    await wpp.becomes('new', 'CLOSED');
  });
});

describe('a recreated container', () => {
  test('another host name finds the locks of the old one: Code 21', async () => {
    await wpp.up({ host: 'recreated' });
    expect(wpp.times('Failed to launch the browser process:  Code: 21')).toBe(6);
  });

  test('the same host name takes its stale locks over', async () => {
    await wpp.up();
    await wpp.becomes('s1', 'CONNECTED');
    expect(wpp.printed).not.toContain('Code: 21');
  });
});

describe('harm', () => {
  test('every forbidden route does what the real one does, and is counted', async () => {
    expect((await fetch(`${wpp.url}/api/s1/wrong/clear-session-data`, { method: 'POST' })).status).toBe(400);
    expect(existsSync(wpp.profile('s1'))).toBe(false);
    await wpp.call('POST', 'Two Words', 'logout-session');
    expect(existsSync(wpp.profile('Two Words'))).toBe(false);
    expect(await wpp.control.calls()).toMatchObject({ 'POST /api/s1/:secret/clear-session-data': 1, 'POST /api/Two Words/logout-session': 1 });
  });

  test('backup-sessions closes every session and never answers; /unhealthy ends the process', async () => {
    const backup = fetch(`${wpp.url}/api/${wpp.secret}/backup-sessions`, { signal: AbortSignal.timeout(300) });
    await expect(backup).rejects.toThrow(/timeout|aborted/i);
    expect([(await wpp.control.session('s1')).status, (await wpp.control.session('Two Words')).status]).toEqual(['CLOSED', 'CLOSED']);
    await expect(fetch(`${wpp.url}/unhealthy`, { signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout|aborted/i);
    expect(wpp.exits).toBe(1);
  });

  describe('the gateway as a whole, until it is healed', () => {
    const health = () => fetch(`${wpp.url}/healthz`, { signal: AbortSignal.timeout(200) });

    test.each(['slow', 'hang'] as const)('%s: no answer in time', async (kind) => {
      await wpp.control.breakGateway({ kind, ms: 2_000 });
      await expect(health()).rejects.toThrow(/timeout|aborted/i);
    });

    test('close-socket: the connection ends without an answer', async () => {
      await wpp.control.breakGateway({ kind: 'close-socket' });
      await expect(health()).rejects.toThrow('fetch failed');
    });

    test.each([['error-500', 500, 'Internal Server Error'], ['html-502', 502, '<h1>502 Bad Gateway</h1>']] as const)('%s: status %i', async (kind, status, text) => {
      await wpp.control.breakGateway({ kind });
      const answer = await health();
      expect(answer.status).toBe(status);
      expect(await answer.text()).toContain(text);
    });

    test('a fault of one route leaves the others alone; healed, that one answers again', async () => {
      await wpp.control.breakGateway({ kind: 'error-500', only: 'close-session' });
      expect((await wpp.close('s1')).status).toBe(500);
      expect(await wpp.status('s1')).toBe('CONNECTED');
      await wpp.control.breakGateway({ kind: 'none' });
      expect((await wpp.close('s1')).status).toBe(200);
    });
  });

  test('troubles are printed under the name of one session, the session itself stays well', async () => {
    await wpp.control.breakSession('s1', 'print', { name: 'session-unpaired', count: 6 });
    expect(wpp.times('[s1:client] Session Unpaired\n')).toBe(6);
    expect(await wpp.probe('s1')).toMatchObject({ status: true });
  });
});

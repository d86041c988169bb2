import { readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from './control.ts';
import { docker } from './engine.ts';
import { Lab } from './lab.ts';

let lab: Lab;
const connected = (session: string) => until(`${session} connected`, async () => (await lab.wpp.session(session)).status === 'CONNECTED');
const opened = (id: string) => until(`${id} opened`, async () => (await lab.backend.session(id)).status === 'OPENED');

beforeAll(async () => {
  lab = new Lab({ project: 'lab-own' });
  await lab.up();
  await connected('ImobSites');
  await connected('Pixel12 Digital');
  await opened('26');
  await opened('27');
});
afterAll(() => lab.down());

describe('the stack on a real engine', () => {
  test('the wrapper lists what wppconnect-server runs', async () => {
    const answer = await fetch(`${lab.url('gateway-wrapper')}/api/channels`, { headers: { 'x-gateway-secret': lab.secrets.wrapper } });
    expect(await answer.json()).toEqual({ success: true, channels: [{ id: 'pixel12digital', status: 'connected' }, { id: 'imobsites', status: 'connected' }] });
  });

  test('a message goes through both containers and both logs', async () => {
    await lab.wpp.breakSession('ImobSites', 'message');
    await until('the wrapper to tell it', async () => (await lab.logs('gateway-wrapper')).includes('"eventType":"onmessage"'));
    expect(await lab.logs('wppconnect-server')).toContain('Started Session: ImobSites');
  });

  test('session data and its token file lie in the operator\'s folder', async () => {
    expect(Object.keys(lab.snapshot(lab.profileOf('ImobSites')))).toContain('Default/IndexedDB');
    expect(readFileSync(lab.tokenFileOf('ImobSites'), 'utf8')).toContain('gateway-wrapper:3000');
    expect(Object.keys(await lab.snapshotKeys('26'))).toContain('sessions:26:creds');
  });

  test('a browser can be found in the container\'s process list by its profile', async () => {
    const container = (await lab.compose('ps', '-q', 'wppconnect-server')).stdout.trim();
    const { stdout } = await docker(['top', container, '-eo', 'pid,args']);
    expect(stdout).toContain('--user-data-dir=/usr/src/wpp-server/userDataDir/Pixel12 Digital');
  });

  test('corrupt keys make the real library fail inside the container; nothing but the keys is to blame', async () => {
    await lab.backend.breakSession('26', 'corrupt-session');
    await lab.backend.breakSession('26', 'message', { count: 6 });
    await until('six Bad MACs', async () => (await lab.logs('whaticket-backend')).split('Session error:Error: Bad MAC').length === 7);
    expect((await lab.backend.breakSession('27', 'message')).result).toMatchObject([{ text: 'hello' }]);
  });

  test('the project\'s own override file fits behind it, unmodified', async () => {
    const withSidecar = new Lab({ project: 'lab-config', sidecar: true });
    try {
      const { services } = JSON.parse((await withSidecar.compose('config', '--format', 'json')).stdout) as { services: Record<string, { environment: Record<string, string>; volumes_from?: string[] }> };
      expect(Object.keys(services).toSorted()).toEqual(['auto-fix-sessions', 'gateway-wrapper', 'redis', 'whaticket-backend', 'wppconnect-server']);
      expect(services['auto-fix-sessions']).toMatchObject({
        volumes_from: ['wppconnect-server'],
        environment: { REDIS_URL: 'redis://redis:6379', REDIS_SESSION_KEYS: 'sessions:{session}:*', WPPCONNECT_SECRET_KEY: 'lab-wpp-secret', BAILEYS_SESSIONS_DIR: '/sessions' },
      });
    } finally {
      rmSync(withSidecar.data, { recursive: true });
    }
  });

  test('a recreated container finds the locks of the old host: Code 21', async () => {
    await lab.compose('up', '-d', '--force-recreate', '--no-deps', '-t', '1', 'wppconnect-server');
    await lab.findPorts();
    await until('Code 21', async () => (await lab.logs('wppconnect-server')).includes('Failed to launch the browser process:  Code: 21'));
    expect((await lab.wpp.session('ImobSites')).status).toBe('INITIALIZING');
  });
});

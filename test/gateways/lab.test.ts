import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realClock } from '../../sidecar/clock.ts';
import { Fleet } from '../../sidecar/fleet/fleet.ts';
import { WrapperGateway } from '../../sidecar/gateways/gateway-wrapper.ts';
import { WppconnectGateway } from '../../sidecar/gateways/wppconnect.ts';
import { Control, until } from '../lab/control.ts';
import { startGatewayWrapper, type WrapperServer } from '../lab/stand-ins/gateway-wrapper.ts';
import { startWppconnectServer, type WppServer } from '../lab/stand-ins/wppconnect-server.ts';

/** The lab was written from the recorded facts without a look at these gateways: here the two readings meet. */
const SECRET = 'lab-secret';
const DOOR = 'lab-door';
let dir: string;
let server: WppServer;
let front: WrapperServer;
let lab: Control;
let wpp: WppconnectGateway;
let wrapper: WrapperGateway;

const proves = (name: string, probe: string) => until(`${name} ${probe}`, async () => (await wpp.probe(name)).probe === probe);

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gateways-lab-'));
  const out = new Writable({ write: (_, __, done) => done() });
  server = await startWppconnectServer({ port: 0, dir, out, secret: SECRET, seed: ['ImobSites', 'Pixel12 Digital'], host: 'vps', pace: { startMs: 20 }, exit: () => undefined });
  front = await startGatewayWrapper({
    port: 0, dir: join(dir, 'wrapper'), out, secret: DOOR, wppUrl: server.url, wppSecret: SECRET, patienceMs: 5_000,
    channels: { imobsites: 'ImobSites', pixel12digital: 'Pixel12 Digital' },
  });
  lab = new Control(server.url);
  wpp = new WppconnectGateway({ url: server.url, secretKey: SECRET, timings: { checkMs: 700 } });
  wrapper = new WrapperGateway({ url: front.url, secret: DOOR });
  await proves('ImobSites', 'healthy');
  await proves('Pixel12 Digital', 'healthy');
});

afterEach(async () => {
  await front.stop();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('a fault of the lab', () => {
  it.each([['kill-browser', 'zombie'], ['crash-renderer', 'zombie'], ['freeze-renderer', 'zombie'], ['stick', 'starting'], ['lock-elsewhere', 'starting']])(
    '%s is seen as %s, and close then start is accepted', async (fault, probe) => {
      await lab.breakSession('ImobSites', fault);
      await proves('ImobSites', probe);
      await wpp.close('ImobSites');
      expect(await wpp.status('ImobSites')).toBe('CLOSED');
      const { starts } = await lab.session('ImobSites');
      await wpp.start('ImobSites');
      await until('a new start', async () => (await lab.session('ImobSites')).starts > starts);
      expect((await lab.session('Pixel12 Digital')).starts).toBe(1);
    });

  it('kill-browser is healed by close and start', async () => {
    await lab.breakSession('ImobSites', 'kill-browser');
    await proves('ImobSites', 'zombie');
    await wpp.close('ImobSites');
    await wpp.start('ImobSites');
    await proves('ImobSites', 'healthy');
    expect((await lab.session('ImobSites')).starts).toBe(2);
  });

  it('unlink-phone leads to a QR, which comes as a picture from the server and from the wrapper', async () => {
    await lab.breakSession('ImobSites', 'unlink-phone');
    await wpp.close('ImobSites');
    await wpp.start('ImobSites');
    await proves('ImobSites', 'qr');
    expect((await wpp.qr('ImobSites')).kind).toBe('qr');
    expect((await wrapper.qr('imobsites')).kind).toBe('qr');
    expect(await wrapper.probe('imobsites')).toMatchObject({ probe: 'qr' });
  });
});

it('the wrapper calls a killed session connected, and that is taken for nothing', async () => {
  await lab.breakSession('ImobSites', 'kill-browser');
  expect(await wrapper.status('imobsites')).toBe('connected');
  expect(await wrapper.probe('imobsites')).toMatchObject({ probe: 'unknown' });
});

it('a closed session is connected again by the wrapper\'s reconnect', async () => {
  await wpp.close('ImobSites');
  expect(await wpp.probe('ImobSites')).toMatchObject({ probe: 'closed' });
  await wrapper.reconnect('imobsites');
  await proves('ImobSites', 'healthy');
});

it('the two lists make two sessions, not four', async () => {
  const fleet = new Fleet({ gateways: [wpp, wrapper], stores: [], aliases: new Map(), homes: new Map(), clock: realClock, tell: (_, message) => expect.fail(message) });
  await fleet.refresh();
  expect(fleet.names().toSorted()).toEqual(['ImobSites', 'Pixel12 Digital']);
  expect(fleet.target('Pixel12 Digital')?.front?.name).toBe('pixel12digital');
});

it('nothing of all this calls a route that harms', async () => {
  await lab.forgetCalls();
  await wpp.list();
  await wpp.probe('ImobSites');
  await wpp.qr('ImobSites');
  await wpp.close('ImobSites');
  await wpp.start('ImobSites');
  expect(Object.keys(await lab.calls()).filter((call) => /logout|clear-session|backup-|restore-|start-all|unhealthy|DELETE/.test(call))).toEqual([]);
});

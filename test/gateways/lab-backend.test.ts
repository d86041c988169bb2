import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { realClock } from '../../sidecar/clock.ts';
import { WhaticketGateway } from '../../sidecar/gateways/whaticket.ts';
import { Control, until } from '../lab/control.ts';
import { startBaileysBackend, type Backend } from '../lab/stand-ins/baileys-backend.ts';

let dir: string;
let backend: Backend;
let gateway: WhaticketGateway;
let lab: Control;
const silent = () => new Writable({ write: (_, __, done) => done() });
const proves = async (name: string, probe: string) => expect(await until(`${name} ${probe}`, async () => (await gateway.probe(name)).probe === probe)).toBe(true);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gateways-backend-'));
  backend = await startBaileysBackend({ port: 0, dir: join(dir, 'sessions'), worldDir: join(dir, 'world'), token: 'lab-token', sessions: [25, 26], startMs: 20, out: silent(), err: silent() });
  gateway = new WhaticketGateway({ url: backend.url, token: 'lab-token', clock: realClock });
  lab = new Control(backend.url);
}, 60_000);

afterAll(async () => {
  await backend.stop();
  rmSync(dir, { recursive: true, force: true });
});

it('a number of the backend is listed, closed and started, and its neighbour is left alone', async () => {
  await proves('26', 'healthy');
  await proves('25', 'healthy');
  const before = await lab.session('25');
  await gateway.close('26');
  expect(await gateway.probe('26')).toMatchObject({ probe: 'closed' });
  await gateway.start('26');
  await proves('26', 'healthy');
  expect(await lab.session('25')).toEqual(before);
});

it('a number unlinked on its phone is closed, and shows a QR due once its login is gone', async () => {
  await lab.breakSession('25', 'unlink-phone');
  await proves('25', 'closed');
  rmSync(join(dir, 'sessions', '1', '25'), { recursive: true });
  await gateway.start('25');
  await proves('25', 'qr');
  expect(await gateway.status('25')).toBe('qrcode');
});

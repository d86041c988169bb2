import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { composeStack } from '../lab/engine.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const FILES = [join(CHECKOUT, 'docker-compose.override.yml'), join(CHECKOUT, 'docs/socket-proxy/docker-compose.yml')];

interface Service {
  volumes: { source: string; target: string; read_only?: boolean }[];
  networks: Record<string, unknown>;
  environment: Record<string, string>;
  ports?: unknown[];
  group_add?: string[];
  cap_drop?: string[];
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'proxy-stack-'));
  mkdirSync(join(folder, 'auto-fix-sessions'));
  writeFileSync(join(folder, 'docker-compose.yml'), 'services:\n  wppconnect-server:\n    image: some-image\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const composed = (env: Record<string, string>) => composeStack({ project: 'proxy-stack', folder, files: [join(folder, 'docker-compose.yml'), ...FILES], env }, 'config', '--format', 'json');

test('beside the proxy the sidecar has no socket, and nobody else has the proxy', async () => {
  const { stdout } = await composed({ DOCKER_GID: '999' });
  const { services, networks } = JSON.parse(stdout) as { services: Record<string, Service>; networks: Record<string, { internal?: boolean }> };
  const [sidecar, proxy] = [services['auto-fix-sessions']!, services['docker-socket-proxy']!];
  expect(sidecar.volumes.filter(({ source, target }) => /docker\.sock/.test(source + target))).toEqual([expect.objectContaining({ source: '/dev/null', target: '/var/run/docker.sock' })]);
  expect(sidecar.environment.DOCKER_HOST).toBe('tcp://docker-socket-proxy:2375');
  expect(Object.keys(sidecar.networks).toSorted()).toEqual(['default', 'docker-socket']);
  expect(Object.keys(proxy.networks)).toEqual(['docker-socket']);
  expect(networks['docker-socket']).toMatchObject({ internal: true });
  const members = Object.entries(services).filter(([, service]) => 'docker-socket' in (service.networks ?? {})).map(([name]) => name);
  expect(members.toSorted()).toEqual(['auto-fix-sessions', 'docker-socket-proxy']);
  expect(proxy).toMatchObject({ group_add: ['999'], cap_drop: ['ALL'], environment: { ALLOW_EXEC: '0' } });
  expect(proxy.ports).toBeUndefined();
  expect(proxy.volumes).toEqual([
    expect.objectContaining({ source: '/var/run/docker.sock' }),
    expect.objectContaining({ source: join(folder, 'auto-fix-sessions/docs/socket-proxy'), target: '/usr/local/etc/haproxy', read_only: true }),
  ]);
});

test('without the socket\'s group it says what to write where', async () => {
  await expect(composed({ DOCKER_GID: '' })).rejects.toThrow('write what stat -c %g /var/run/docker.sock prints into .env as DOCKER_GID');
});

import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dockerAt } from '../sidecar/docker.ts';

const require = createRequire(import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'docker-'));
const socket = join(folder, 'engine.sock');
let engine: Server;

beforeAll(async () => {
  engine = createServer(({ method, url }, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify([{ asked: `${method} ${url}` }])));
  await new Promise<void>((resolve) => engine.listen(socket, resolve));
});
afterAll(async () => {
  await new Promise((resolve) => engine.close(resolve));
  rmSync(folder, { recursive: true });
});

const loaded = (name: string): string[] => Object.keys(require.cache).filter((path) => path.includes(`node_modules/${name}/`) && require.cache[path]?.children.length);

test('the engine is asked without loading what builds images or speaks ssh', async () => {
  const docker = dockerAt(`unix://${socket}`);
  expect(await docker.listContainers({ all: true })).toEqual([{ asked: 'GET /containers/json?all=true' }]);
  expect(await docker.getContainer('a1').inspect()).toEqual([{ asked: 'GET /containers/a1/json' }]);
  for (const name of ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'ssh2']) expect(loaded(name), name).toEqual([]);
});

test('what is left out says so when it is used after all', () => {
  dockerAt(`unix://${socket}`);
  for (const name of ['@grpc/grpc-js', 'protobufjs']) {
    const leftOut = createRequire(require.resolve('dockerode'))(name) as { Server: unknown };
    expect(() => leftOut.Server).toThrow(`dockerode asked for Server of ${name}, which auto-fix leaves out`);
  }
});

test('an ssh host is reached by the real ssh, after a unix socket was asked and more than once', async () => {
  dockerAt(`unix://${socket}`);
  // Nobody listens on port 1.
  for (const host of ['ssh://nobody@127.0.0.1:1', 'ssh://nobody@127.0.0.1:1']) await expect(dockerAt(host).listContainers()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(loaded('ssh2')).not.toEqual([]);
});

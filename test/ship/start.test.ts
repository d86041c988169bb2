import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOM = join(import.meta.dirname, '../../sidecar');

/** What the running sidecar beside wppconnect-server and gateway-wrapper has loaded when it waits for its first trouble. */
const LOADED = `
  import { registerHooks } from 'node:module';
  const urls = [];
  registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
  for (const room of ['main', 'gateways/wppconnect', 'gateways/gateway-wrapper', 'stores/chromium-profile']) await import('${ROOM}/' + room + '.ts');
  (await import('${ROOM}/docker.ts')).dockerAt('unix:///var/run/docker.sock');
  for (const late of ['fastify', 'prom-client']) await import(late);
  console.log(JSON.stringify({ urls, builtins: process.moduleLoadList }));
`;

test('a start loads what that configuration uses and nothing for later', () => {
  const { urls, builtins } = JSON.parse(execFileSync(process.execPath, ['--input-type=module', '--eval', LOADED], { encoding: 'utf8' })) as { urls: string[]; builtins: string[] };
  const packages = new Set(urls.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []));
  expect([...packages]).toEqual(expect.arrayContaining(['dockerode', 'fastify', 'prom-client']));
  // Redis, archives, what people send or write as YAML, and what dockerode builds images with.
  for (const name of ['ioredis', 'streamx', 'zod', 'yaml', '@grpc/grpc-js', 'protobufjs', 'ssh2']) expect(packages, name).not.toContain(name);
  // An import of node:http would load Node's WebSocket client: see sidecar/node-http.ts.
  expect(builtins.filter((name) => name.includes('undici'))).toEqual([]);
});

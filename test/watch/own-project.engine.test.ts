import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { composeStack, testSocket, waitFor } from '../lab/engine.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const OURS = `proxy-ours-${process.pid}`;
const THEIRS = `proxy-theirs-${process.pid}`;

/** Both stacks have the same services, as two customers on one host do; only ours has the sidecar. */
const STACK = `
services:
  wppconnect-server:
    image: node:24-bookworm-slim
    command: [sleep, '1000']
    init: true
  auto-fix-sessions:
    image: node:24-bookworm-slim
    profiles: [sidecar]
    command: [node, /project/sidecar/cli.ts, run]
    working_dir: /project
    environment: { AUTO_FIX_CONTAINERS: wppconnect-server, AUTO_FIX_LOG_FILE: /data/log, AUTO_FIX_STATE_DIR: /data/state, AUTO_FIX_BACKUP_DIR: /data/backups, AUTO_FIX_HTTP: 'off' }
    volumes: ['${CHECKOUT}:/project:ro', './data:/data', '${testSocket()}:/var/run/docker.sock']
`;

let folder: string;
const compose = (project: string, ...args: string[]) => composeStack({ project, folder, files: [join(folder, 'docker-compose.yml')], env: { COMPOSE_PROFILES: project === OURS ? 'sidecar' : '' } }, ...args);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'own-project-'));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'docker-compose.yml'), STACK);
  await compose(THEIRS, 'up', '-d', 'wppconnect-server');
  await compose(OURS, 'up', '-d');
});
afterAll(async () => {
  for (const project of [OURS, THEIRS]) await compose(project, 'down', '-v', '-t', '1');
  rmSync(folder, { recursive: true, force: true });
});

test('of two stacks with the same services the sidecar watches its own, and says so', async () => {
  const log = (): string => (existsSync(join(folder, 'data/log')) ? readFileSync(join(folder, 'data/log'), 'utf8') : '');
  await waitFor(() => log().includes('] ready '), 'the sidecar to be ready').catch((error: Error) => {
    throw new Error(`${error.message}; its log says:\n${log()}`);
  });
  expect(log()).toContain(`our own Compose project ${OURS} only`);
  expect(log().match(/watching container \S+/g)).toEqual([`watching container ${OURS}-wppconnect-server-1`]);
});

import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { must, run, which, type Ran, type RunOptions } from './bring-up/shell.ts';

const DEFAULT_SOCKET = '/var/run/docker.sock';

/** Socket path of the test engine: what `npm test` brought up, else DOCKER_HOST, else the default one. */
export function testSocket(): string {
  const socket = process.env.AUTO_FIX_TEST_DOCKER ?? process.env.DOCKER_HOST?.replace(/^unix:\/\//, '') ?? DEFAULT_SOCKET;
  if (!existsSync(socket)) throw new Error(`no Docker engine at ${socket}: run "npm test", which brings one up, or start Docker`);
  return socket;
}

/** A client of the test engine. Throws with what to do when there is none. */
export const testDocker = (): Docker => new Docker({ socketPath: testSocket() });

/** Path of a redis-server binary to start on a socket or a free loopback port. Throws with what to do when there is none. */
export function testRedisServer(): string {
  const path = process.env.AUTO_FIX_TEST_REDIS_SERVER ?? which('redis-server');
  if (!path) throw new Error('no redis-server on this machine: run "npm test", which brings one up, or install it');
  return path;
}

/** Path of a haproxy to start. Throws with what to do when there is none. */
export function testHaproxy(): string {
  const path = process.env.AUTO_FIX_TEST_HAPROXY ?? which('haproxy');
  if (!path) throw new Error('no haproxy on this machine: run "npm test", which brings one up, or install it');
  return path;
}

/** A Compose project of a test. Relative paths in every file resolve against `folder`, by default that of the first file. */
export interface Stack {
  project: string;
  files: readonly string[];
  folder?: string;
  /** What a user would have in `.env`. */
  env?: Record<string, string>;
}

/** `docker compose` on the test engine. Rejects with Compose's last words when it fails. */
export const composeStack = (stack: Stack, ...args: string[]): Promise<Ran> =>
  must('docker', composeArgs(stack, args), { env: { DOCKER_HOST: `unix://${testSocket()}`, ...stack.env } });

export const compose = (project: string, files: readonly string[], ...args: string[]): Promise<Ran> =>
  composeStack({ project, files }, ...args);

const composeArgs = (stack: Stack, args: readonly string[]) => [
  'compose', '-p', stack.project,
  ...(stack.folder ? ['--project-directory', stack.folder] : []),
  ...stack.files.flatMap((file) => ['-f', file]),
  ...args,
];

/** The `docker` client on the test engine; its exit code is the caller's to judge. */
export const docker = (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  run('docker', args, { ...options, env: { DOCKER_HOST: `unix://${testSocket()}`, ...options.env } });

/** Waits until `condition` gives something truthy and returns that; errors count as "not yet" and are told at the end. */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  what: string,
  { withinMs = 60_000, everyMs = 100 } = {},
): Promise<NonNullable<T>> {
  let last: unknown = 'it never came true';
  for (const until = Date.now() + withinMs; ; await sleep(everyMs)) {
    try {
      const value = await condition();
      if (value) return value;
      last = `last seen: ${String(value)}`;
    } catch (error) {
      last = error instanceof Error ? error.message : error;
    }
    if (Date.now() > until) throw new Error(`waited ${withinMs / 1000} s for ${what}: ${String(last)}`);
  }
}

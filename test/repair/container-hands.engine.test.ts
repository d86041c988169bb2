import { execFileSync } from 'node:child_process';
import Dockerode from 'dockerode';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserOf } from '../../sidecar/repair/closing.ts';
import { DockerHands } from '../../sidecar/repair/container-hands.ts';

const NAME = `repair-hands-${process.pid}`;
/** The base image of our own Dockerfile: there wherever these tests run. */
const IMAGE = 'node:24-bookworm-slim';
const docker = (...args: string[]) => execFileSync('docker', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();

/** Stands for Chromium: any process is its arguments here. */
const browser = (dir: string) => `sh -c 'while :; do sleep 1; done' chrome "--user-data-dir=${dir}" --headless about:blank &`;

beforeAll(() => {
  docker('run', '-d', '--rm', '--network', 'none', '--name', NAME, '--entrypoint', 'sh', IMAGE, '-c', `${browser('/data/Shop Nord')} ${browser('/data/Shop Nord 2')} wait`);
});
afterAll(() => void docker('rm', '-f', NAME));

test('exactly the browser of that profile is found and ended', async () => {
  const hands = new DockerHands(new Dockerode());
  const dirs = ['/data/Shop Nord'];
  await expect.poll(async () => browserOf(await hands.processes(NAME), dirs).length).toBe(1);
  const [found] = browserOf(await hands.processes(NAME), dirs);
  await hands.end(NAME, found!.pid, 'KILL');
  await expect.poll(async () => browserOf(await hands.processes(NAME), dirs).length).toBe(0);
  expect(browserOf(await hands.processes(NAME), ['/data/Shop Nord 2'])).toHaveLength(1);
});

test('a container that does not run has no processes; one that does not exist is said', async () => {
  const hands = new DockerHands(new Dockerode());
  const stopped = `${NAME}-stopped`;
  docker('create', '--name', stopped, '--entrypoint', 'true', IMAGE);
  try {
    expect(await hands.processes(stopped)).toEqual([]);
  } finally {
    docker('rm', '-f', stopped);
  }
  await expect(hands.processes(`${NAME}-missing`)).rejects.toThrow(/there is no container/);
});

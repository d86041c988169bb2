import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { existsSync } from 'node:fs';
import { docker, testDocker, waitFor } from '../lab/engine.ts';
import { BUSYBOX_IMAGE, NODE_IMAGE, REDIS_IMAGE } from '../lab/bring-up/images.ts';
import { startPrivateEngine, type PrivateEngine } from '../lab/private-engine.ts';

describe('the test engine', () => {
  it('answers and holds the base images', async () => {
    const engine = testDocker();
    expect((await engine.version()).Version).toMatch(/^\d+\./);
    for (const image of [BUSYBOX_IMAGE, NODE_IMAGE, REDIS_IMAGE]) await engine.getImage(image).inspect();
  });

  it('runs Node 24 with npm in the base image', async () => {
    const { stdout, stderr } = await docker(['run', '--rm', '--network=none', NODE_IMAGE, 'sh', '-c', 'node -v && npm -v']);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^v24\.\d+\.\d+\n\d+\.\d+\.\d+\n$/);
  });
});

describe('a private engine', () => {
  let engine: PrivateEngine;
  const states = async () => (await engine.docker.listContainers({ all: true })).map(({ State }) => State);

  beforeAll(async () => {
    engine = await startPrivateEngine();
  });
  afterAll(() => engine?.destroy());

  it('keeps its containers over an orderly end and over SIGKILL, and leaves nothing behind', async () => {
    const container = await engine.docker.createContainer({
      Image: BUSYBOX_IMAGE,
      Cmd: ['sleep', '600'],
      HostConfig: { NetworkMode: 'none', Init: true, RestartPolicy: { Name: 'always' } },
    });
    await container.start();
    const first = engine.pid();
    await engine.term();
    expect(engine.pid()).toBeNull();
    await engine.start();
    expect(engine.pid()).not.toBe(first);
    await waitFor(async () => (await states()).includes('running'), 'the container to run again');
    await engine.kill();
    expect(engine.pid()).toBeNull();
    await engine.start();
    await waitFor(async () => (await states()).includes('running'), 'the container to run after SIGKILL');
    await engine.kill();

    const home = engine.dataRoot.replace(/\/data$/, '');
    await engine.destroy();
    expect(existsSync(home)).toBe(false);
  });
});

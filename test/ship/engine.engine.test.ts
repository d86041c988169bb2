import { describe, expect, it } from 'vitest';
import { docker, testDocker } from '../lab/engine.ts';
import { BUSYBOX_IMAGE, NODE_IMAGE, REDIS_IMAGE } from '../lab/bring-up/images.ts';

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

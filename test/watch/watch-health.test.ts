import { expect, it } from 'vitest';
import { stateOf } from '../../sidecar/watch/watch-health.ts';

const exited = { id: 'c1', name: 'wppconnect-server', containerName: 'wppconnect-server', state: 'exited', replaces: null };

it('shows no exit code of a look that was taken before the container ended', () => {
  const times = { startedAt: 1_000, finishedAt: null };
  expect(stateOf(exited, null).exitCode).toBeNull();
  expect(stateOf(exited, { ...times, status: 'running', exitCode: 0 }).exitCode).toBeNull();
  expect(stateOf(exited, { ...times, status: 'exited', exitCode: 3 }).exitCode).toBe(3);
});

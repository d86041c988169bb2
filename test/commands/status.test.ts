import { expect, test } from 'vitest';
import type { House } from '../../sidecar/report/house.ts';
import { command } from '../doctor/newcomer.ts';
import { fakeHouse, WELL } from '../report/fake-house.ts';
import { sidecarWith } from './sidecar.ts';

async function statusOf(changes: Partial<House>): Promise<string> {
  const { code, out } = await command('status', await sidecarWith(changes));
  expect(code).toBe(0);
  return out;
}
const [session] = await fakeHouse().house.sessions();

test('status says until when all repairs are paused', async () => {
  expect(await statusOf({ health: () => ({ ...WELL, pausedUntil: '2026-02-09T12:00:00.000Z' }) })).toMatch(/, PAUSED until 2026-02-09T12:00:00\.000Z\n/);
  expect(await statusOf({ health: () => ({ ...WELL, pausedUntil: '' }) })).toMatch(/, PAUSED until resume\n/);
});

test('status says which session is muted and until when', async () => {
  expect(await statusOf({ sessions: () => [{ ...session!, mutedUntil: '2026-02-09T12:00:00.000Z' }] })).toMatch(/Blue 12 .* muted until 2026-02-09T12:00:00\.000Z; answers\n/);
  expect(await statusOf({ sessions: () => [{ ...session!, mutedUntil: '' }] })).toMatch(/Blue 12 .* muted until unmuted \(mute SESSION --for 0s\); answers\n/);
});

test('status does not say that a connected session never lived, only that no line told of it', async () => {
  expect(await statusOf({})).toMatch(/Blue 12 +connected +0\/2 +none seen +answers\n/);
});

test('status shows no empty table where no container is watched', async () => {
  const out = await statusOf({});
  expect(out).toMatch(/\nno container is watched\n/);
  expect(out).not.toContain('RECONNECTS');
});

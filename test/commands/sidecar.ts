import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { House } from '../../sidecar/report/house.ts';
import { openDoors } from '../../sidecar/report/http.ts';
import { fakeHouse } from '../report/fake-house.ts';

/** A sidecar beside us, with one session `Blue 12`; gives the settings with which a command finds it. */
export async function sidecarWith(changes: Partial<House>): Promise<Record<string, string>> {
  const stateDir = mkdtempSync(join(tmpdir(), 'beside-'));
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }));
  const doors = await openDoors({ house: fakeHouse(changes).house, keys: { token: null, wrapperSecret: null }, http: null, stateDir, clean: (text) => text, tell: () => undefined });
  onTestFinished(() => doors.close());
  return { AUTO_FIX_STATE_DIR: stateDir };
}

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../sidecar/state/database.ts';
import { pointToState, sharedStateDir } from '../../sidecar/state/shared-state.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shared-state-'));
  for (const name of ['state', 'elsewhere', 'backups']) mkdirSync(join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

test('where nobody has written backups yet, a command uses its own state folder', () => {
  expect(sharedStateDir(at('backups'), at('state'))).toBe(at('state'));
  expect(sharedStateDir(at('not-there-yet'), at('state'))).toBe(at('state'));
});

test('a command with another state folder finds that of the sidecar whose backups these are', () => {
  openDatabase(at('state'), [], 'NORMAL').close();
  pointToState(at('backups'), at('state'));
  expect(sharedStateDir(at('backups'), at('elsewhere'))).toBe(at('state'));
  expect(sharedStateDir(at('backups'), at('state'))).toBe(at('state'));
});

test('the way is told from the backup folder on, so that it leads there under another mount too', () => {
  pointToState(at('backups'), at('state'));
  expect(readFileSync(join(at('backups'), '.state-folder'), 'utf8')).toBe('../state\n');
});

test('a state folder that is not in reach here is refused, with what to do', () => {
  pointToState(at('backups'), at('state'));
  expect(() => sharedStateDir(at('backups'), at('elsewhere'))).toThrow(/belong to a sidecar whose state folder .* is not in reach here, so its lock cannot be taken .*docker compose exec/);
});

test('a pointer that nobody could have written leads nowhere', () => {
  writeFileSync(join(at('backups'), '.state-folder'), 'x'.repeat(10_000));
  expect(() => sharedStateDir(at('backups'), at('state'))).toThrow('not in reach here');
});

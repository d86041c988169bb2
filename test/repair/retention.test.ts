import { expect, test } from 'vitest';
import type { BackupInfo } from '../../sidecar/repair/backup-folder.ts';
import { folderName } from '../../sidecar/repair/backup-folder.ts';
import { expendable } from '../../sidecar/repair/retention.ts';

const backup = (at: number, rung: BackupInfo['rung'] = 'reset'): BackupInfo => ({ id: `s/${at}`, session: 's', rung, reason: '', at, archiveBytes: 1, files: 1, keys: 0 });
const gone = (backups: BackupInfo[], retention: { keep: number; maxAgeMs: number | null }, needed: string[] = []) => expendable(backups, retention, 1_000, new Set(needed)).map(({ at }) => at).sort((a, b) => a - b);

test('the newest N stay', () => {
  expect(gone([1, 2, 3, 4, 5, 6, 7].map((at) => backup(at)), { keep: 5, maxAgeMs: null })).toEqual([1, 2]);
});

test('copies made before a restore go before real backups', () => {
  expect(gone([backup(1), backup(2), backup(3, 'before-restore'), backup(4, 'before-restore')], { keep: 2, maxAgeMs: null })).toEqual([3, 4]);
});

test('the only one stays, however old', () => {
  expect(gone([backup(1)], { keep: 1, maxAgeMs: 10 })).toEqual([]);
  expect(gone([backup(1), backup(2)], { keep: 5, maxAgeMs: 10 })).toEqual([1]);
});

test('one that an open repair needs stays', () => {
  expect(gone([backup(1), backup(2), backup(3)], { keep: 1, maxAgeMs: null }, ['s/1'])).toEqual([2]);
});

test.each([['26', '26'], ['1/26', '1%2F26'], ['..', '%2E.'], ['.hidden', '%2Ehidden'], ['Shop Nord', 'Shop Nord'], ['a%2F', 'a%252F'], ['x\ny', 'x%0Ay']])('session %j keeps its backups in the one folder %s', (session, folder) => {
  expect(folderName(session)).toBe(folder);
});

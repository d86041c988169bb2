import { join } from 'node:path';
import { expect, test } from 'vitest';
import { realClock } from '../../sidecar/clock.ts';
import { openDatabase } from '../../sidecar/state/database.ts';
import { Locks, SCHEMA } from '../../sidecar/state/lock.ts';
import { pointToState } from '../../sidecar/state/shared-state.ts';
import { command, SHOP, wellSetUp } from '../doctor/newcomer.ts';

test('a fix with another state folder meets the lock of whoever works on that session', async () => {
  const { env, folder } = await wellSetUp();
  const database = openDatabase(env.AUTO_FIX_STATE_DIR!, [SCHEMA], 'FULL');
  pointToState(env.AUTO_FIX_BACKUP_DIR!, env.AUTO_FIX_STATE_DIR!);
  const held = new Locks(database, realClock).take(SHOP, 'sidecar');
  const { code, out } = await command('fix', { ...env, AUTO_FIX_STATE_DIR: join(folder, 'elsewhere') }, [SHOP], { rung: 'restart' });
  expect(out).toContain('another process works on ImobSites');
  expect(code).not.toBe(0);
  if ('lock' in held) held.lock.release();
  database.close();
});

test('a fix beside backups whose sidecar is out of reach touches nothing and says where to run it', async () => {
  const { env, folder } = await wellSetUp();
  pointToState(env.AUTO_FIX_BACKUP_DIR!, join(folder, 'on-another-host'));
  await expect(command('fix', env, [SHOP], { rung: 'restart' })).rejects.toThrow(/is not in reach here, so its lock cannot be taken/);
});

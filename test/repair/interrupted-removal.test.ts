import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Locks } from '../../sidecar/state/lock.ts';
import { realClock } from '../../sidecar/clock.ts';
import { leftovers } from './fixtures/crash.ts';
import { planOf, World } from './fixtures/world.ts';

let world: World;
beforeEach(async () => {
  world = new World();
  await world.build(null);
});
afterEach(() => world.remove());

const SESSION = 'Shop Nord';
const nothing = () => null;
const backupNames = async () => (await readdir(world.backups, { recursive: true })).filter((name) => /-reset\.(json|tar\.zst)$/.test(name));

/** Two backups of one session; the removal of the older is interrupted between its two files. Resolves with the id of the newer. */
async function interrupted(): Promise<string> {
  const repairer = world.repairer();
  const [older, newer] = [await repairer.run(planOf(SESSION, 'reset'), world.target(SESSION, null)), await repairer.run(planOf(SESSION, 'reset'), world.target(SESSION, null))];
  const archive = repairer.folder.archive(repairer.folder.idOf(older.backup!));
  await rename(archive, `${archive}.aside`);
  await mkdir(archive);
  await expect(repairer.folder.remove(repairer.folder.idOf(older.backup!))).rejects.toThrow();
  await rm(archive, { recursive: true });
  await rename(`${archive}.aside`, archive);
  return repairer.folder.idOf(newer.backup!);
}

test('a backup whose removal was interrupted is listed no more', async () => {
  const newer = await interrupted();
  expect((await world.repairer().folder.list(SESSION)).map(({ id }) => id)).toEqual([newer]);
});

test('what an interrupted removal left is gone after the next start, and nothing else', async () => {
  const newer = await interrupted();
  expect(await leftovers(world)).not.toEqual([]);
  await world.repairer().recover(nothing);
  expect(await leftovers(world)).toEqual([]);
  expect((await backupNames()).sort()).toEqual([`${newer}.json`, `${newer}.tar.zst`]);
});

test('a session that another process works on is left alone until it is done', async () => {
  await interrupted();
  const taken = new Locks(world.database(), realClock).take(SESSION, 'command line');
  const before = await leftovers(world);
  await world.repairer().recover(nothing);
  expect(await leftovers(world)).toEqual(before);
  if ('lock' in taken) taken.lock.release();
  await world.repairer().recover(nothing);
  expect(await leftovers(world)).toEqual([]);
});

test('an archive without a manifest that we did not begin to remove is not ours to delete', async () => {
  const { backup } = await world.repairer().run(planOf(SESSION, 'reset'), world.target(SESSION, null));
  const { folder } = world.repairer();
  await rm(folder.manifest(folder.idOf(backup!)));
  await world.repairer().recover(nothing);
  expect(await backupNames()).toEqual([backup]);
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { execFileSync } from 'node:child_process';
import { backups, idOfBackup } from '../../sidecar/commands/backups.ts';
import type { Io } from '../../sidecar/commands/command.ts';
import { restore } from '../../sidecar/commands/restore.ts';
import { shellWord } from '../../sidecar/report/shell-word.ts';
import { planOf, World } from './fixtures/world.ts';

let world: World;
let said: string[];
let io: Io;
beforeEach(async () => {
  world = new World();
  await world.build(null);
  said = [];
  const say = (text: string): unknown => said.push(text);
  io = { out: say, err: say, config: () => ({ repair: { backupDir: world.backups } }) } as unknown as Io;
});
afterEach(() => world.remove());

test('a backup is found by its id, and by the name of its file as log, outcome and ls show it', async () => {
  const { backup } = await world.repairer().run(planOf('Shop Nord', 'reset'), world.target('Shop Nord', null));
  const id = backup!.replace('.tar.zst', '');
  for (const spelled of [id, backup!, `${id}.json`, `${world.backups}/${backup}`]) expect(await idOfBackup(spelled, io)).toBe(id);
  for (const spelled of ['Shop Nord/2020-01-01T00-00-00.000Z-reset', '../../etc/passwd', '', id.split('/')[1]!]) expect(await idOfBackup(spelled, io)).toBeNull();
  await expect(restore.run({ args: ['Shop Nord/nothing'], options: {} }, io)).rejects.toThrow(/there is no backup "Shop Nord\/nothing".*auto-fix backups lists them/);
  await expect(restore.run({ args: id.split(' '), options: {} }, io)).rejects.toThrow(`put a name with spaces in quotes: '${id}'`);
});

test('the backups of a session are listed under any of its spellings', async () => {
  await world.repairer().run(planOf('Shop Nord', 'reset'), world.target('Shop Nord', null));
  await world.repairer().run(planOf('31', 'repair'), world.target('31', null));
  await backups.run({ args: ['shopnord'], options: {} }, io);
  expect(said.join('\n')).toMatch(/^BACKUP .*\nShop Nord\/\S+-reset +\S/);
  expect(said.join('\n')).not.toContain('31/');
  said.length = 0;
  await backups.run({ args: ['3'], options: {} }, io);
  expect(said).toEqual([expect.stringMatching(/^no backups of 3 in /)]);
});

test.each(['26/2026-02-09T10-14-05.201Z-reset', 'Shop Nord/x', "O'Neill", '$(reboot)', 'a;b', '', '*', '-n'])('the shell reads the name %j in a message as it is', (name) => {
  expect(execFileSync('sh', ['-c', `printf %s x${shellWord(name)}`], { encoding: 'utf8' })).toBe(`x${name}`);
});

import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../sidecar/commands/index.ts';
import { command } from '../doctor/newcomer.ts';

const CLI = join(import.meta.dirname, '../../sidecar/cli.ts');

/** As a person calls it, where no sidecar and no settings are. */
const autoFix = (...words: string[]): Promise<{ code: number; out: string; err: string }> => new Promise((resolve) => {
  execFile(process.execPath, ['--disable-warning=ExperimentalWarning', CLI, ...words], { env: { PATH: process.env.PATH }, cwd: tmpdir() },
    (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }));
});

test('the help of a verb that prints names --json, and keeps its columns', async () => {
  expect((await autoFix('status', '--help')).out).toContain('\n--json prints the same as JSON.\n');
  expect((await autoFix('explain', '--help')).out).toMatch(/\n {2}--sessions a,b .*\n {2}--container NAME /);
  expect((await autoFix('run', '--help')).out).not.toContain('--json');
});

test('a verb that is none names the one it is like', async () => {
  expect(await autoFix('chek')).toEqual({ code: 64, out: '', err: expect.stringMatching(/^auto-fix: there is no verb "chek"; did you mean check\?; the verbs are run, /) });
  expect((await autoFix('frobnicate')).err).toMatch(/^auto-fix: there is no verb "frobnicate"; the verbs are/);
});

test('--version says which this is', async () => {
  expect(await autoFix('--version')).toEqual({ code: 0, out: expect.stringMatching(/^auto-fix-sessions \d+\.\d+\.\d+\n$/), err: '' });
});

test.each(['fix', 'why', 'qr', 'mute', 'restore', 'trace', 'explain'])('%s without its argument says so before anything else', async (verb) => {
  const { usage } = await COMMANDS.get(verb)!();
  await expect(command(verb, {})).rejects.toThrow(`${usage.split(' ')[1]} is missing`);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { command } from '../doctor/newcomer.ts';

/** Closes of one session, ten seconds apart. */
const closes = (times: number, inFront = ''): string =>
  Array.from({ length: times }, (_, n) => `${inFront}2026-02-09T10:00:${n}0.000000000Z verbose:  [ImobSites:page] Page Closed\n`).join('');

async function replayed(text: string, terminal = false) {
  const folder = mkdtempSync(join(tmpdir(), 'replay-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'wpp.log');
  writeFileSync(file, text);
  return command('replay', {}, [`wppconnect-server=${file}`], { sessions: 'ImobSites' }, { terminal });
}

test('a replay that decides nothing says to a person what it has read, and to a program nothing', async () => {
  expect(await replayed(closes(5))).toEqual({ code: 0, out: '', err: '' });
  expect(await replayed(closes(5), true)).toEqual({
    code: 0, out: '', err: 'read 5 lines from 2026-02-09T10:00:00.000000000Z to 2026-02-09T10:00:40.000000000Z: nothing in them would have led to a decision\n',
  });
});

test('a recording of docker compose logs -t is read behind the names it puts in front', async () => {
  const { code, out, err } = await replayed(closes(6, 'wppconnect-server-1  | '));
  expect([code, err]).toEqual([0, '']);
  expect(JSON.parse(out)).toMatchObject({ session: 'ImobSites', class: 'disconnect', count: 6 });
});

test('lines of another container in the same file are left out and told', async () => {
  const { out, err } = await replayed(closes(5, 'wppconnect-server-1  | ') + closes(1, 'gateway-wrapper-1    | '));
  expect(out).toBe('');
  expect(err).toMatch(/wpp\.log:6: a line of another container than the first \(wppconnect-server-1\) \("gateway-wrapper-1/);
});

test('a file without a log line is no replay', async () => {
  await expect(replayed('verbose:  [ImobSites:page] Page Closed\n')).rejects.toThrow('not one line could be read, so nothing was replayed');
  expect(await replayed('', true)).toMatchObject({ code: 0, err: 'read 0 lines: nothing in them would have led to a decision\n' });
});

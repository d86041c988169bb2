import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { LogLine } from '../../sidecar/words.ts';
import { isAlive } from '../../.ci/lock.mjs';
import { ownChildren } from './demo/own-children.ts';
import { PrintedLines } from './demo/printed-lines.ts';

test('what a gateway prints in pieces and in colour becomes lines, in order, also what it printed before anybody watched', async () => {
  const got: LogLine[] = [];
  const lines = new PrintedLines();
  const out = lines.into('wppconnect-server', 'stdout');
  out.write('\u001b[32minfo\u001b[39m: Started Ses');
  out.write(Buffer.from('sion: Café\nhalf a ').subarray(0, 9));
  out.write(Buffer.from('sion: Café\nhalf a ').subarray(9));
  await lines.watchedBy(({ lines: found }) => got.push(...found)).start();
  expect(got.map(({ text }) => text)).toEqual(['info: Started Session: Café']);
  lines.into('whaticket-backend', 'stderr').write('Session error\n');
  out.write('line\n');
  expect(got.slice(1)).toMatchObject([{ container: 'whaticket-backend', stream: 'stderr', text: 'Session error' }, { container: 'wppconnect-server', text: 'half a line' }]);
  const stamps = got.map(({ ts }) => ts);
  expect(new Set(stamps).size).toBe(3);
  expect(stamps.toSorted()).toEqual(stamps);
  expect(stamps[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
});

test('only our own children are seen and ended, not a stranger\'s browser on a profile of the same name', async () => {
  const profile = '--user-data-dir=/usr/src/wpp-server/userDataDir/Pixel12 Digital';
  const child = spawn('/bin/sh', ['-c', 'exec 3<&0; /bin/sh -c "read _" sh "$0" <&3 & echo $!; wait', profile], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [printed] = (await once(child.stdout, 'data')) as [Buffer];
    const stranger = Number(printed.toString());
    const pids = (await ownChildren.processes('any')).map(({ pid }) => pid);
    expect(pids).toContain(child.pid);
    expect(pids).not.toContain(stranger);
    await ownChildren.end('any', stranger, 'KILL');
    expect(isAlive(stranger)).toBe(true);
    await ownChildren.end('any', child.pid!, 'KILL');
    await once(child, 'exit');
  } finally {
    child.stdin.end();
  }
});

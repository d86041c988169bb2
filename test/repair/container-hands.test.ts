import { expect, test } from 'vitest';
import { browserOf } from '../../sidecar/repair/closing.ts';
import { parseList, splitArguments } from '../../sidecar/repair/container-hands.ts';

test('arguments come exactly as the process got them', () => {
  const output = Buffer.from('1\0node\0server.js\0\0\n\x0012\0/usr/bin/chrome\0--user-data-dir=/d/Shop Nord\0--x=a\nb\0\0\n\0');
  expect(parseList(output)).toEqual([{ pid: 1, args: ['node', 'server.js'] }, { pid: 12, args: ['/usr/bin/chrome', '--user-data-dir=/d/Shop Nord', '--x=a\nb'] }]);
});

test('where only `top` may be asked, a name with spaces stays whole', () => {
  expect(splitArguments('/usr/bin/chrome --user-data-dir=/d/Shop Nord --headless about:blank')).toEqual(['/usr/bin/chrome', '--user-data-dir=/d/Shop Nord', '--headless', 'about:blank']);
});

test('a browser is known by its whole profile folder, never by a part of its name', () => {
  const processes = ['/d/s1', '/d/s1/', '/d/s12', '/x/d/s1', '/d/s1 b'].map((dir, pid) => ({ pid, args: ['chrome', `--user-data-dir=${dir}`] }));
  expect(browserOf(processes, ['/d/s1']).map(({ pid }) => pid)).toEqual([0, 1]);
});

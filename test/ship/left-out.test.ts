import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leftOut } from '../lab/bring-up/left-out.ts';

const root = join(import.meta.dirname, '../..');
const importing = (what: RegExp): string[] => globSync('test/**/*.test.ts', { cwd: root }).filter((path) => what.test(readFileSync(join(root, path), 'utf8'))).sort();

test('a machine that has everything leaves nothing out', () => {
  expect(leftOut(root, {})).toEqual([]);
});

test('without a Redis exactly the tests that start one are left out, with the reason', () => {
  const [without] = leftOut(root, { redis: 'apt-get failed' });
  const outsideEngine = (paths: readonly string[]) => paths.filter((path) => !/\.engine\.test\.ts$|^test\/e2e\//.test(path)).sort();
  expect(without).toMatchObject({ what: expect.stringContaining('a real Redis'), why: 'apt-get failed' });
  expect(outsideEngine(without!.globs)).toEqual(outsideEngine(importing(/from '(?!.*sidecar)[^']*redis(-server)?\.ts'/)));
});

test('without a HAProxy exactly the tests behind one are left out', () => {
  const [without] = leftOut(root, { haproxy: 'apt-get failed' });
  expect(without!.globs.toSorted()).toEqual(importing(/from '.*\/haproxy\.ts'/));
});

test('without an engine every test on one is left out', () => {
  expect(leftOut(root, { engine: 'not root' })).toEqual([{ what: 'tests on a real engine', why: 'not root', globs: ['test/**/*.engine.test.ts', 'test/e2e/**'] }]);
});

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Missing } from './bring-up.ts';

export interface LeftOut {
  what: string;
  why: string;
  globs: string[];
}

/** Tests that start Redis themselves name one of these. */
const STARTS_REDIS = /testRedisServer|new TestRedis\(|startRedis\(/;

/** Tests that start HAProxy name this. */
const STARTS_HAPROXY = /new Haproxy\(/;

/** Which tests cannot run on this machine, and why. */
export function leftOut(root: string, missing: Missing): LeftOut[] {
  const without: LeftOut[] = [];
  if (missing.engine !== undefined) {
    without.push({ what: 'tests on a real engine', why: missing.engine, globs: ['test/**/*.engine.test.ts', 'test/e2e/**'] });
  }
  if (missing.redis !== undefined) {
    const globs = testsThat(STARTS_REDIS, root);
    if (globs.length > 0) without.push({ what: `tests on a real Redis (${globs.length} files)`, why: missing.redis, globs });
  }
  if (missing.haproxy !== undefined) {
    const globs = testsThat(STARTS_HAPROXY, root);
    if (globs.length > 0) without.push({ what: `tests behind a real HAProxy (${globs.length} files)`, why: missing.haproxy, globs });
  }
  return without;
}

const testsThat = (doSo: RegExp, root: string): string[] =>
  globSync('test/**/*.test.ts', { cwd: root }).filter((path) => doSo.test(readFileSync(join(root, path), 'utf8')));

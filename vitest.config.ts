import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/** What test/run.ts leaves out because this machine cannot have it, one glob a line. */
const leftOut = (process.env.AUTO_FIX_TEST_LEFT_OUT ?? '').split('\n').filter(Boolean);
const never = ['**/node_modules/**', ...leftOut];
const stories = 'test/e2e/**/*.test.ts';
const onTheEngine = 'test/**/*.engine.test.ts';

/** Against a test that hangs, not against a slow machine: nothing here is measured by time. */
const HANGS = { testTimeout: 180_000, hookTimeout: 300_000 };

export default defineConfig({
  test: {
    passWithNoTests: true,
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [stories, onTheEngine, ...never], ...HANGS } },
      // Each story has a stack of its own and mostly waits: two at a time.
      { test: { name: 'e2e', include: [stories], exclude: never, maxWorkers: 2, sequence: { groupOrder: 1 }, ...HANGS } },
      // These start, cut and flood engines and build images: one at a time.
      { test: { name: 'engine', include: [onTheEngine], exclude: never, fileParallelism: false, sequence: { groupOrder: 2 }, ...HANGS } },
    ],
  },
});

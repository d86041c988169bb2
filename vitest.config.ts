import { defineConfig } from 'vitest/config';

/** Tests that use the real engine: one at a time, because they share it and the machine. */
const onTheEngine = ['test/**/*.engine.test.ts', 'test/e2e/**/*.test.ts'];
/** What test/run.ts leaves out because this machine cannot have it, one glob a line. */
const leftOut = (process.env.AUTO_FIX_TEST_LEFT_OUT ?? '').split('\n').filter(Boolean);
const never = ['**/node_modules/**', ...leftOut];

/** Against a test that hangs, not against a slow machine: nothing here is measured by time. */
const HANGS_MS = 120_000;

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      {
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...onTheEngine, ...never], testTimeout: HANGS_MS },
      },
      {
        test: {
          name: 'engine',
          include: onTheEngine,
          exclude: never,
          fileParallelism: false,
          // After the unit tests: a build beside them would make their waits long.
          sequence: { groupOrder: 1 },
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});

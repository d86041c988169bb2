import { describe, expect, it } from 'vitest';
import { summaryOf, type VitestReport } from '../lab/bring-up/summary.ts';

const report = (some: Partial<VitestReport>): VitestReport =>
  ({ success: true, numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [], ...some });

describe('the last line of npm test', () => {
  it('counts what passed and failed', () => {
    expect(summaryOf(report({}), 0)).toEqual({ line: '3 passed, 0 failed', exitCode: 0 });
    expect(summaryOf(report({ numFailedTests: 2 }), 1)).toEqual({ line: '3 passed, 2 failed', exitCode: 1 });
  });

  it('names skipped tests only when there are some', () => {
    expect(summaryOf(report({ numPendingTests: 1, numTodoTests: 1 }), 0).line).toBe('3 passed, 0 failed, 2 skipped');
  });

  it('counts a file that could not be loaded as one failure', () => {
    const broken = { name: 'a.test.ts', status: 'failed', assertionResults: [] };
    expect(summaryOf(report({ testResults: [broken] }), 1)).toEqual({ line: '3 passed, 1 failed', exitCode: 1 });
  });

  it('never says 0 failed when the run failed outside of any test', () => {
    expect(summaryOf(report({}), 1)).toEqual({ line: '3 passed, 1 failed', exitCode: 1 });
  });

  it('fails the run when a test failed, whatever the runner said', () => {
    expect(summaryOf(report({ numFailedTests: 1 }), 0).exitCode).toBe(1);
  });
});

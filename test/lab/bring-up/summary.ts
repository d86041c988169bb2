/** The part of vitest's JSON report that is read here. */
export interface VitestReport {
  success: boolean;
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { name: string; status: string; assertionResults: unknown[] }[];
}

export interface Summary {
  /** `12 passed, 0 failed`, or `12 passed, 0 failed, 1 skipped`: the last line of a run. */
  line: string;
  exitCode: number;
}

/** A file that cannot even be loaded has no tests in the report: it counts as one that failed. So does a run that failed outside of any test. */
export function summaryOf(report: VitestReport, exitCode: number): Summary {
  const notLoaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  const counted = report.numFailedTests + notLoaded;
  const failed = counted === 0 && exitCode !== 0 ? 1 : counted;
  const skipped = report.numPendingTests + report.numTodoTests;
  const line = `${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return { line, exitCode: failed > 0 && exitCode === 0 ? 1 : exitCode };
}

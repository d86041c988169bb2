import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes, the longest first: one that starts last would run alone while the other core has nothing to do. */
const LONG = ['test/repair/crash-matrix', 'test/detect/immunity', 'test/e2e/crash-matrix', 'test/e2e/unhealed', 'test/e2e/health', 'test/e2e/faults-in-repair'];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONG.findIndex((path) => moduleId.includes(path));
      return place === -1 ? LONG.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

import { afterAll, describe, expect, it } from 'vitest';
import { corpus } from '../corpus/recorded.ts';
import { score } from '../corpus/scorer.ts';
import { variant } from '../corpus/variants.ts';

const cases = corpus();
/** Each case told otherwise so many times; the seeds are fixed, so a failure can be told again. */
const VARIANTS = 6;
const total = { right: 0, wrong: 0, missed: 0 };

describe('recorded situations and the decisions that are right', () => {
  it.each(cases)('$file: $name', (situation) => {
    const { right, wrong, missed } = score(situation);
    total.right += right;
    total.wrong += wrong.length;
    total.missed += missed.length;
    expect({ wrong, missed }).toEqual({ wrong: [], missed: [] });
  });

  it.each(cases)('$file: $name, told otherwise', (situation) => {
    for (let seed = 1; seed <= VARIANTS; seed++) {
      const { right, wrong, missed } = score(variant(situation, seed * 7_919));
      total.right += right;
      total.wrong += wrong.length;
      total.missed += missed.length;
      expect({ wrong, missed }).toEqual({ wrong: [], missed: [] });
    }
  });

  it('are at least sixty', () => {
    expect(cases.length).toBeGreaterThanOrEqual(60);
  });
});

afterAll(() => {
  process.stdout.write(`corpus: ${cases.length} cases, each told ${1 + VARIANTS} ways: right ${total.right} / wrong act ${total.wrong} / missed ${total.missed}\n`);
});

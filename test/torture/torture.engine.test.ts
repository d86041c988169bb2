import { expect, it } from 'vitest';
import { torture } from './torture.ts';

it('no line is lost and none counted twice, whatever is cut', async () => {
  const result = await torture({ seed: 20260209, minutes: 0, lines: 20_000, cuts: 20, engineEnds: true, tell: () => undefined });
  console.log(`written ${result.written} / seen once ${result.seenOnce} / lost ${result.lost} / twice ${result.twice} (${result.cuts} cuts)`);
  console.log(`hits: printed ${result.hits.written} / stored ${result.hits.stored} / never printed ${result.hits.invented}`);
  expect(result.hits).toEqual({ written: result.hits.written, stored: result.hits.written, invented: 0 });
  expect(result.hits.written).toBeGreaterThan(100);
  expect(result).toMatchObject({ lost: 0, twice: 0, seenOnce: result.written, examples: [] });
  expect(result.written).toBeGreaterThanOrEqual(20_000);
  expect(result.cuts).toBeGreaterThanOrEqual(20);
}, 300_000);

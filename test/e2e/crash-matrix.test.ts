import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stepsOf } from '../../sidecar/repair/steps.ts';
import { seeded } from '../dice.ts';
import { Matrix } from './crash/matrix.ts';
import { OperatingRoom } from './crash/operating-room.ts';
import { isThorough, plan, RANDOM_KILLS, SEED } from './crash/plan.ts';
import { wordsOf, type Point } from './crash/points.ts';

const room = new OperatingRoom('full-crash-matrix');
const matrix = new Matrix(room);
const { number, browser } = room;
const cases = plan(number, browser);
const named = (points: readonly Point[]) => points.map((point) => ({ point, words: wordsOf(point) }));

beforeAll(() => room.open());
afterAll(async () => {
  const random = RANDOM_KILLS > 0 ? ` (seed ${SEED})` : '';
  console.log(`${Object.entries(matrix.tally).map(([name, count]) => `${name} ${count}`).join(' / ')}${random}`);
  await room.close();
});

describe.each(cases)('killed in the middle of a $name', (one) => {
  test('which writes exactly these marks when nothing disturbs it', async () => {
    expect(await matrix.undisturbed(one)).toBeGreaterThan(0);
  });
  test.each(named(one.points))('$words: whole, alone, told once, running', async ({ point }) => {
    await matrix.killAt(one, point);
  });
});

describe('killed again on the way back', () => {
  const repair = { task: 'repair' as const, patient: number };
  test.each(named([{ side: 'before', of: 'result backup' }, { side: 'before', of: 'result clear-files' }]))('from $words, at every mark of it', async ({ point }) => {
    const marks = await matrix.killAt(repair, point);
    expect(marks).toBeGreaterThan(1);
    const places = Array.from({ length: marks }, (_, index) => index + 1);
    for (const thenAtMark of places.filter((place) => isThorough || place % 3 === 0)) await matrix.killAt(repair, point, { thenAtMark });
  }, 600_000);

  test('while its gateway was down: the next sidecar waits, says so once, and goes on when it is back', async () => {
    await matrix.killAt(repair, { side: 'before', of: 'result clear-redis' }, {
      whileDown: () => room.lab.backend.breakGateway({ kind: 'close-socket' }),
      async whileBack(since) {
        const waits = '] 26: an interrupted repair waits until its gateway can be asked again';
        await room.sidecar.says(waits, since);
        await room.lab.backend.breakGateway({ kind: 'none' });
        await room.sidecar.says(/\] 26: fixed by repair .*then finished\)/, since);
        expect(room.sidecar.log(since).split(waits)).toHaveLength(2);
      },
    });
  });
});

test(`killed at ${RANDOM_KILLS} random instants`, async () => {
  const random = seeded(SEED);
  const took = new Map<string, number>();
  for (let kill = 0; kill < RANDOM_KILLS; kill++) {
    const one = cases[Math.floor(random() * cases.length)]!;
    if (!took.has(one.name)) took.set(one.name, await matrix.undisturbed(one));
    await matrix.killAfter(one, Math.floor(random() * took.get(one.name)!));
  }
}, 60_000 + RANDOM_KILLS * 60_000);

describe('told to stop in the middle', () => {
  const stops = [{ task: 'repair' as const, patient: number }, ...(isThorough ? [{ task: 'reset' as const, patient: browser }, { task: 'restart' as const, patient: browser }] : [])];
  for (const one of stops) {
    test.each(named(stepsOf(one.task).map((step): Point => ({ side: 'before', of: `result ${step}` }))))(`of a ${one.task}, $words: the session is left running`, async ({ point }) => {
      await matrix.stopAt(one, point);
    });
  }
});

test('no session was lost in all of it', () => {
  expect(matrix.tally.kills).toBeGreaterThan(cases.flatMap(({ points }) => points).length);
  expect(matrix.tally['sessions lost']).toBe(0);
});

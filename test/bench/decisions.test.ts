import { expect, test } from 'vitest';
import { KINDS, caseLines, firesAt, isRight, makeCases, score } from '../../bench/cases.ts';
import { firedLines } from '../../bench/peers/peer.ts';
import { firstDecisions } from '../../bench/us.ts';

const at = (...times: number[]) => times;

test('the oracle fires with the sixth cause inside five minutes and not with one that is exactly as old', () => {
  expect(firesAt(at(0, 1, 2, 3, 4))).toBeNull();
  expect(firesAt(at(0, 1, 2, 3, 4, 299_999))).toBe(299_999);
  expect(firesAt(at(0, 1, 2, 3, 4, 300_000))).toBeNull();
  expect(firesAt(at(0, 60_000, 120_000, 180_000, 240_000, 300_000, 300_001))).toBe(300_001);
  expect(firesAt(at(299_999, 4, 3, 2, 1, 0))).toBe(299_999);
});

test('every kind of case has the answer its name promises', () => {
  const cases = makeCases(40, 5);
  const share = (kind: string) => {
    const of = cases.filter((one) => one.kind === kind);
    return of.filter((one) => one.fires !== null).length / of.length;
  };
  expect(Object.fromEntries(KINDS.map((kind) => [kind, share(kind)]))).toEqual({
    burst: 1, 'exactly five minutes': 0.5, straddle: 1, 'steady below': 0, backlog: 0, 'one cause, many lines': 0,
  });
});

test('causes of one session are far enough apart to be different causes, their copies close enough to be one', () => {
  for (const { causes, told } of makeCases(40, 6)) {
    const gaps = causes.slice(1).map((cause, index) => cause - causes[index]!);
    expect(Math.min(...gaps)).toBeGreaterThan(2_000);
    expect((told - 1) * 300).toBeLessThan(2_000);
  }
});

test('the lines of the cases are all causes times their copies, in the order of time', () => {
  const cases = makeCases(10, 7);
  const lines = caseLines(cases, 8);
  expect(lines).toHaveLength(cases.reduce((sum, { causes, told }) => sum + causes.length * told, 0));
  expect(lines.map(({ atMs }) => atMs)).toEqual(lines.map(({ atMs }) => atMs).sort((a, b) => a - b));
});

test('a verdict is right only when it comes at the right line, and none only where none is due', () => {
  const fires = makeCases(1, 9).find((one) => one.kind === 'burst');
  const quiet = makeCases(1, 9).find((one) => one.kind === 'backlog');
  const due = fires!.fires!;
  expect(isRight(fires!, new Map([[fires!.session, due]]))).toBe(true);
  expect(isRight(fires!, new Map([[fires!.session, due + 1_001]]))).toBe(false);
  expect(isRight(fires!, new Map([[fires!.session, due - 1_001]]))).toBe(false);
  expect(isRight(fires!, new Map())).toBe(false);
  expect(isRight(fires!, new Map([[fires!.session, Number.NaN]]))).toBe(true);
  expect(isRight(quiet!, new Map())).toBe(true);
  expect(isRight(quiet!, new Map([[quiet!.session, Number.NaN]]))).toBe(false);
});

test('a program that never fires and one that always does are each right only where that is right', () => {
  const cases = makeCases(4, 10);
  const sum = (fired: ReadonlyMap<string, number>) => [...score(cases, fired).values()].reduce((total, { right }) => total + right, 0);
  const due = cases.filter((one) => one.fires !== null).length;
  expect(sum(new Map())).toBe(cases.length - due);
  expect(sum(new Map(cases.map((one) => [one.session, one.fires ?? 0])))).toBe(due);
  expect(sum(new Map(cases.flatMap((one) => (one.fires === null ? [] : [[one.session, one.fires]]))))).toBe(cases.length);
});

test('only the first decision or alarm of a session counts', () => {
  const printed = ['{"session":"a","at":"2026-03-01T00:00:01.000Z"}', '{"session":"a","at":"2026-03-01T00:00:09.000Z"}', ''].join('\n');
  expect([...firstDecisions(printed)]).toEqual([['a', Date.UTC(2026, 2, 1, 0, 0, 1)]]);
  expect([...firedLines('FIRED a 10\nnoise\nFIRED a 20\nFIRED b 2026-03-01T00:00:01.123456789Z', /^FIRED (\S+) (\S+)/)])
    .toEqual([['a', 10_000], ['b', Date.UTC(2026, 2, 1, 0, 0, 1, 123)]]);
});

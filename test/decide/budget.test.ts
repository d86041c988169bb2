import { expect, it } from 'vitest';
import { Budget } from '../../sidecar/decide/budget.ts';

it('lets its whole capacity be spent at once, then one per refill', () => {
  const budget = new Budget(2, 1000);
  budget.spend(0);
  expect(budget.spentUntil(0)).toBeNull();
  budget.spend(0);
  expect(budget.spentUntil(0)).toBe(1000);
  expect(budget.spentUntil(999)).toBe(1000);
  expect(budget.spentUntil(1000)).toBeNull();
});

it('is never spent for ever: after long rest it is full again, and not more than full', () => {
  const budget = new Budget(2, 1000);
  budget.spend(0);
  budget.spend(0);
  for (const now of [50_000, 50_000]) {
    expect(budget.spentUntil(now)).toBeNull();
    budget.spend(now);
  }
  expect(budget.spentUntil(50_000)).toBe(51_000);
});

it('does not gain from a clock that steps back', () => {
  const budget = new Budget(1, 1000);
  budget.spend(10_000);
  expect(budget.spentUntil(5_000)).toBe(11_000);
});

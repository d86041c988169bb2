import { expect, it } from 'vitest';
import { FreshStarts } from '../../sidecar/caretaker/fresh-starts.ts';
import { MINUTE, T0 } from '../decide/asked.ts';

const backend = (over: { id?: string; running?: boolean; startedAt?: number | null } = {}) => ({ id: 'c1', name: 'backend', running: true, startedAt: T0, ...over });

it('a start is named once, when its first minute is over', () => {
  const starts = new FreshStarts(MINUTE);
  expect(starts.over([backend()], T0 + 59_000)).toEqual([]);
  expect(starts.over([backend()], T0 + 60_000)).toEqual([{ container: 'backend', until: T0 + MINUTE }]);
  expect(starts.over([backend()], T0 + 61_000)).toEqual([]);
});

it('the next start of the same container, and one of its successor, are starts of their own', () => {
  const starts = new FreshStarts(MINUTE);
  starts.over([backend()], T0 + 60_000);
  expect(starts.over([backend({ startedAt: T0 + 90_000 })], T0 + 150_000)).toEqual([{ container: 'backend', until: T0 + 150_000 }]);
  expect(starts.over([backend({ id: 'c2', startedAt: T0 + 100_000 })], T0 + 170_000)).toEqual([{ container: 'backend', until: T0 + 160_000 }]);
});

it('one that does not run is no start', () => {
  expect(new FreshStarts(MINUTE).over([backend({ running: false })], T0 + 90_000)).toEqual([]);
});

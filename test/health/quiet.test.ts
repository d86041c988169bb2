import { describe, expect, it } from 'vitest';
import { learn, patience, type Quiet } from '../../sidecar/health/quiet.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('how long a session may be quiet', () => {
  it('is the setting while its history says nothing', () => {
    expect(patience([], 4 * HOUR, 0)).toBe(4 * HOUR);
  });

  it('is longer for one that is usually quiet at night, and never shorter than the setting', () => {
    expect(patience(learn([], 0, 10 * HOUR, false), 4 * HOUR, 10 * HOUR)).toBe(12.5 * HOUR);
    expect(patience(learn([], 0, HOUR, false), 4 * HOUR, HOUR)).toBe(4 * HOUR);
  });

  it('learns nothing from a quiet that a new start ended', () => {
    expect(learn([], 0, 30 * HOUR, true)).toEqual([]);
  });

  it('ends somewhere, whatever the habit', () => {
    expect(patience([{ endedAt: 0, ms: 300 * HOUR }], 4 * HOUR, 0)).toBe(72 * HOUR);
  });

  it('forgets a habit after two weeks', () => {
    const once = learn([], 0, 60 * HOUR, false);
    expect(patience(once, 4 * HOUR, 60 * HOUR + 16 * DAY)).toBe(4 * HOUR);
    expect(learn(once, 30 * DAY, 30 * DAY + HOUR, false)).toEqual([{ endedAt: 30 * DAY + HOUR, ms: HOUR }]);
  });

  it('keeps only a handful', () => {
    let quiets: readonly Quiet[] = [];
    for (let i = 0; i < 200; i++) quiets = learn(quiets, i * HOUR, (i + 1) * HOUR, false);
    expect(quiets.length).toBe(20);
  });
});

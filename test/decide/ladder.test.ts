import { describe, expect, it } from 'vitest';
import { nextRung, type LadderQuestion } from '../../sidecar/decide/ladder.ts';

const question = (over: Partial<LadderQuestion>): LadderQuestion => ({
  class: 'disconnect', probe: 'unknown', setting: null, tellsKeysFromLogin: true, profileLocked: false, lastRung: null, ...over,
});

describe('where a ladder begins', () => {
  it.each([
    ['corruption', 'healthy', 'repair'], ['corruption', 'zombie', 'repair'], ['corruption', 'unknown', 'repair'],
    ['corruption', 'closed', 'repair'], ['corruption', 'starting', 'repair'],
    ['disconnect', 'zombie', 'restart'], ['disconnect', 'unknown', 'restart'], ['disconnect', 'closed', 'reconnect'],
    ['disconnect', 'starting', 'restart'],
  ] as const)('%s with probe %s begins with %s', (cls, probe, rung) => {
    expect(nextRung(question({ class: cls, probe }))).toBe(rung);
  });

  it('restarts a closed session whose profile is locked, since connecting again would meet the same lock', () => {
    expect(nextRung(question({ probe: 'closed', profileLocked: true }))).toBe('restart');
  });

  it('restarts on corruption where the store cannot spare the login, then resets', () => {
    const chromium = question({ class: 'corruption', tellsKeysFromLogin: false });
    expect(nextRung(chromium)).toBe('restart');
    expect(nextRung({ ...chromium, lastRung: 'restart' })).toBe('reset');
  });

  it('follows the literal flow when the ladder is set to reset', () => {
    expect(nextRung(question({ class: 'corruption', setting: ['reset'] }))).toBe('reset');
  });
});

describe('a rung that did not hold', () => {
  it('leads to the next harder one, and after the last to none', () => {
    expect(nextRung(question({ lastRung: 'reconnect' }))).toBe('restart');
    expect(nextRung(question({ lastRung: 'restart' }))).toBe('reset');
    expect(nextRung(question({ lastRung: 'reset' }))).toBeNull();
  });
});

import { expect, test } from 'vitest';
import { Announcer } from '../../sidecar/caretaker/announcer.ts';
import { outcomeInWords } from '../../sidecar/commands/fix.ts';
import type { Outcome } from '../../sidecar/words.ts';

const RESTORED: Outcome = {
  session: '26', rung: 'reset', result: 'fixed', detail: 'status OPENED', startedAt: 0, endedAt: 3200, backup: '26/b.tar.zst', restored: '26/a.tar.zst',
};

function told(outcome: Outcome, announce: (announcer: Announcer) => void = (announcer) => announcer.outcome(outcome), noted: Outcome[] = []): string[] {
  const lines: string[] = [];
  const alerts = { alert: ({ message }: { message: string }) => void lines.push(message), resolved: () => undefined, open: () => [] };
  announce(new Announcer({
    windowMs: 300_000, tell: (_, message) => void lines.push(message), alerts: alerts as never, figures: { repair: () => undefined, refusal: () => undefined } as never, told: (one) => void noted.push(one),
  }));
  return lines;
}

test('a backup that was put back is told as a restore, never as a reset', () => {
  expect(told(RESTORED)).toEqual(['fixed by restore in 3.2 s: status OPENED']);
  expect(told({ ...RESTORED, result: 'needs-qr' })[0]).toMatch(/^needs a QR scan after restore: /);
  expect(outcomeInWords(RESTORED)).toBe('26: fixed by restore in 3.2 s: status OPENED\nbackup: 26/b.tar.zst');
});

test('a repair is told by its rung', () => {
  expect(told({ ...RESTORED, restored: undefined })).toEqual(['fixed by reset in 3.2 s: status OPENED']);
});

test('an outcome that a cut kept from being told is told with its time, and noted', () => {
  const noted: Outcome[] = [];
  expect(told(RESTORED, (announcer) => announcer.outcomeOfLastTime(RESTORED, () => false), noted))
    .toEqual(['fixed by restore in 3.2 s: status OPENED; it ended at 1970-01-01T00:00:03.200Z, and a cut kept it from being told']);
  expect(noted).toEqual([RESTORED]);
});

test('one whose line stands in the log already, the note of it cut off, is only noted', () => {
  const [asked, noted]: [string[], Outcome[]] = [[], []];
  const failed: Outcome = { ...RESTORED, restored: undefined, result: 'failed' };
  expect(told(failed, (announcer) => announcer.outcomeOfLastTime(failed, (message, session) => asked.push(`${session}: ${message}`) > 0), noted)).toEqual([]);
  expect(asked).toEqual(['26: failed (reset, after 3.2 s): status OPENED']);
  expect(noted).toEqual([failed]);
});

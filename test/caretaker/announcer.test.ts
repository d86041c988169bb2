import { expect, test } from 'vitest';
import { Announcer } from '../../sidecar/caretaker/announcer.ts';
import { outcomeInWords } from '../../sidecar/commands/fix.ts';
import type { Outcome } from '../../sidecar/words.ts';

const RESTORED: Outcome = {
  session: '26', rung: 'reset', result: 'fixed', detail: 'status OPENED', startedAt: 0, endedAt: 3200, backup: '26/b.tar.zst', restored: '26/a.tar.zst',
};

function told(outcome: Outcome): string[] {
  const lines: string[] = [];
  const alerts = { alert: ({ message }: { message: string }) => void lines.push(message), resolved: () => undefined, open: () => [] };
  new Announcer({ windowMs: 300_000, tell: (_, message) => void lines.push(message), alerts: alerts as never, figures: { repair: () => undefined, refusal: () => undefined } as never }).outcome(outcome);
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

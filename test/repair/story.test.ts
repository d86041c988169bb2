import { expect, test } from 'vitest';
import { stepsTaken } from '../../sidecar/repair/story.ts';
import type { Mark } from '../../sidecar/state/journal.ts';

const mark = (step: Mark['step'], kind: Mark['mark'], at: number): Mark => ({ step, mark: kind, at, note: {} });

test('the steps of a repair are told in their order, with how long each took', () => {
  expect(stepsTaken({ marks: [mark('close', 'intent', 1_000), mark('close', 'result', 1_400), mark('backup', 'intent', 1_400), mark('backup', 'result', 3_000)] })).toEqual([
    { step: 'close', ended: 'done', ms: 400 }, { step: 'backup', ended: 'done', ms: 1_600 },
  ]);
});

test('a step that failed is told as that, and the way back after it', () => {
  const marks = [mark('start', 'intent', 0), mark('start', 'error', 50), mark('close', 'intent', 60), mark('put-back', 'intent', 70), mark('put-back', 'result', 90), mark('start', 'intent', 90), mark('start', 'result', 95)];
  expect(stepsTaken({ marks }).map(({ step, ended }) => `${step} ${ended}`)).toEqual(['start failed', 'close open', 'put-back done', 'start done']);
});

test('a step that still runs has no length yet', () => {
  expect(stepsTaken({ marks: [mark('verify', 'intent', 5)] })).toEqual([{ step: 'verify', ended: 'open', ms: null }]);
});

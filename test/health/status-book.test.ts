import { expect, it } from 'vitest';
import { fromMs } from '../../sidecar/event-time.ts';
import { StatusBook } from '../../sidecar/health/status-book.ts';
import type { Hit } from '../../sidecar/words.ts';
import { T0 } from '../decide/asked.ts';

/** What those lines of one session tell of its close, the wrapper's among them. */
function closingAfter(...patterns: string[]) {
  const book = new StatusBook(() => ({ activity: {}, phase: null, phaseSince: null }));
  const hit = (pattern: string, second: number): Hit => ({
    at: fromMs(T0 + second * 1000), class: 'disconnect', pattern, who: { session: 'ImobSites', by: 'json-field' }, cause: `c${second}`, container: 'gateway-wrapper', stream: 'stdout', evidence: pattern,
  });
  patterns.forEach((pattern, second) => book.heard(hit(pattern, second)));
  return book.closing('ImobSites');
}

it('a close that somebody asked for prints plain words only', () => {
  expect(closingAfter('page-closed', 'browser-closed', 'status-word-lost')).toEqual({ closedAt: T0 + 2000, troubleAt: null });
});

it('an auto-close is nobody\'s wish, also where only the wrapper tells of it', () => {
  expect(closingAfter('status-word-auto-close')).toEqual({ closedAt: T0, troubleAt: T0 });
});

it('a QR that was not read, or a phone that is away, is trouble and closes nothing', () => {
  expect(closingAfter('status-word-trouble')).toEqual({ closedAt: null, troubleAt: T0 });
});

import { describe, expect, it } from 'vitest';
import { fromMs } from '../../sidecar/event-time.ts';
import { stillFiring, unspent } from '../../sidecar/caretaker/restored.ts';
import type { Hit } from '../../sidecar/words.ts';

const T0 = Date.parse('2026-02-09T10:00:00Z');
const at = (second: number, over: Partial<Hit> = {}): Hit => ({
  at: fromMs(T0 + second * 1000), class: 'disconnect', pattern: 'browser-closed', who: { session: 'pixel12digital', by: 'named' },
  cause: `c${second}`, container: 'wppconnect-server', stream: 'stdout', evidence: `line ${second}`, ...over,
});
const never = () => null;

describe('hits that were stored before a restart', () => {
  it('count again', () => {
    expect(unspent([at(1), at(2)], never)).toHaveLength(2);
  });

  it('do not count again when the session said it works after them', () => {
    expect(unspent([at(1), at(2, { class: 'recovery' }), at(3)], never)).toEqual([at(3)]);
  });

  it('do not count again when a repair ended after them', () => {
    expect(unspent([at(1), at(20)], () => T0 + 10_000)).toEqual([at(20)]);
  });

  it('of one session are not spent by another one\'s recovery', () => {
    const other = at(2, { class: 'recovery', who: { session: 'ImobSites', by: 'named' } });
    expect(unspent([at(1), other], never)).toEqual([at(1)]);
  });

  it('let an incident go on without another line when their window is still over the limit', () => {
    const hits = [1, 2, 3, 4, 5, 6].map((second) => at(second, second === 6 ? { pattern: 'code-21' } : {}));
    expect(stillFiring(hits, () => 6, 5)).toMatchObject([{ count: 6, class: 'disconnect', patterns: { 'browser-closed': 5, 'code-21': 1 }, at: at(6).at }]);
    expect(stillFiring(hits, () => 5, 5)).toEqual([]);
  });
});

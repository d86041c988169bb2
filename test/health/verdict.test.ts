import { describe, expect, it } from 'vitest';
import { closedBy, nextRun, verdictOf, type ClosingEvidence, type Run, type Standpoint } from '../../sidecar/health/verdict.ts';
import type { Probe } from '../../sidecar/words.ts';

const run = (probe: Probe, times: number): Run => ({ probe, times, saw: 'what was seen' });
const from = (over: Partial<Standpoint> = {}): Standpoint => ({ everConnected: true, silent: false, closedBy: 'itself', loggedOut: false, ...over });
const MIN = 60_000;
/** Connected until minute 10. */
const evidence = (over: Partial<ClosingEvidence> = {}): ClosingEvidence => ({
  connectedAt: 10 * MIN, failedRepairAt: null, containerStartedAt: 0, closedAt: null, troubleAt: null, closesOnlyWhenAsked: true, ...over,
});

describe('looks in a row', () => {
  it('count the same answer and begin again with another one', () => {
    const answers: Probe[] = ['zombie', 'zombie', 'healthy', 'zombie'];
    let now: Run | null = null;
    expect(answers.map((probe) => (now = nextRun(now, { probe, saw: '' })).times)).toEqual([1, 2, 1, 1]);
  });

  it('call a session sick at the third, not before', () => {
    for (const probe of ['zombie', 'closed', 'starting'] as const) {
      expect(verdictOf(run(probe, 2), from()), probe).toBeNull();
      expect(verdictOf(run(probe, 3), from()), probe).toHaveProperty('sick');
    }
  });

  it('need only one when the session has been silent for too long, but never for a start', () => {
    expect(verdictOf(run('zombie', 1), from({ silent: true }))).toMatchObject({ sick: 'health-zombie', found: expect.stringContaining('silent') });
    expect(verdictOf(run('starting', 1), from({ silent: true }))).toBeNull();
    expect(verdictOf(run('healthy', 9), from({ silent: true }))).toBeNull();
  });

  it('say nothing about a session that nobody has ever seen connected, closed or waiting for its QR', () => {
    for (const probe of ['closed', 'qr'] as const) expect(verdictOf(run(probe, 9), from({ everConnected: false })), probe).toBeNull();
  });

  it('ask for a scan where only a scan helps', () => {
    expect(verdictOf(run('qr', 3), from())).toEqual({ scan: 'what was seen' });
    for (const probe of ['closed', 'zombie', 'starting'] as const) expect(verdictOf(run(probe, 3), from({ loggedOut: true })), probe).toHaveProperty('scan');
  });

  it('leave a session alone that somebody closed', () => {
    expect(verdictOf(run('closed', 3), from({ closedBy: 'somebody' }))).toHaveProperty('left');
  });
});

describe('who closed a session', () => {
  it.each<[string, Partial<ClosingEvidence>, string]>([
    ['closed with nothing but the lines of a close', { closedAt: 11 * MIN }, 'somebody'],
    ['closed after a QR wait that nobody answered', { closedAt: 11 * MIN, troubleAt: 11 * MIN - 500 }, 'itself'],
    ['closed an hour after trouble that passed', { closedAt: 90 * MIN, troubleAt: 20 * MIN }, 'somebody'],
    ['trouble, then closed without a line', { troubleAt: 12 * MIN }, 'itself'],
    ['its container came back without it', { containerStartedAt: 12 * MIN }, 'its container'],
    ['a stop of its container closed it, and the container came back', { containerStartedAt: 12 * MIN, closedAt: 11 * MIN }, 'its container'],
    ['closed on purpose, and its container was started anew an hour later', { containerStartedAt: 71 * MIN, closedAt: 11 * MIN }, 'somebody'],
    ['our repair did not bring it back', { failedRepairAt: 12 * MIN, closedAt: 11 * MIN }, 'our repair'],
    ['a failed repair of long ago', { failedRepairAt: 5 * MIN, closedAt: 11 * MIN }, 'somebody'],
    ['no line at all, on a server that closes only when asked', {}, 'unseen'],
    ['no line at all, on a backend whose users close sessions in its own pages', { closesOnlyWhenAsked: false }, 'somebody'],
    ['an old close, before it was last seen connected', { closedAt: 5 * MIN }, 'unseen'],
  ])('%s', (_, over, who) => expect(closedBy(evidence(over))).toBe(who));
});

import { expect, test } from 'vitest';
import { command } from '../doctor/newcomer.ts';
import { fakeHouse } from '../report/fake-house.ts';
import { sidecarWith } from './sidecar.ts';

const blue = await fakeHouse().house.session('Blue 12');

test('why shows the last hits of an open incident and why nothing is done', async () => {
  const env = await sidecarWith({
    session: () => ({ ...blue, incident: '6 disconnect hits', next: { rung: null, refused: 'starting-up', reason: 'its container has only just started', notBefore: '2026-02-09T10:02:00.000Z' } }),
    incidents: () => [
      { session: 'Blue 12', class: 'disconnect', openedAt: '2026-02-09T10:00:00.000Z', count: 6, patterns: { 'page-closed': 6 } as Record<string, number>, evidence: ['verbose:  [Blue 12:page] Page Closed'], refusals: [] },
      { session: 'Red 7', class: 'disconnect', openedAt: '2026-02-09T10:00:00.000Z', count: 6, patterns: {}, evidence: ['somebody else'], refusals: [] },
    ],
  });
  const { code, out } = await command('why', env, ['Blue 12']);
  expect(code).toBe(0);
  expect(out).toContain('\nhit: verbose:  [Blue 12:page] Page Closed\n');
  expect(out).toContain('\nnext: starting-up, its container has only just started; no repair before 2026-02-09T10:02:00.000Z\n');
  expect(out).not.toContain('somebody else');
});

test('why tells of each repair what it was decided on, its steps and what came of it', async () => {
  const env = await sidecarWith({
    session: () => ({
      ...blue,
      repairs: [{
        session: 'Blue 12', rung: 'restart', result: 'failed', detail: 'it did not answer', reason: '6 disconnect hits in 5m (page-closed 6); probe zombie; restart',
        steps: [{ step: 'close', ended: 'done', ms: 1_400 }, { step: 'start', ended: 'failed', ms: 300 }, { step: 'verify', ended: 'open', ms: null }],
        startedAt: '2026-02-09T10:00:00.000Z', endedAt: '2026-02-09T10:00:05.000Z', backup: null,
      }],
    }),
  });
  const { out } = await command('why', env, ['Blue 12']);
  expect(out).toContain([
    '2026-02-09T10:00:00.000Z restart: failed: it did not answer',
    '  because: 6 disconnect hits in 5m (page-closed 6); probe zombie; restart',
    '  steps: close 1 s, start failed after 300 ms, verify not ended',
  ].join('\n'));
});

import type { Health, House, SessionDetail } from '../../sidecar/report/house.ts';
import { HouseError } from '../../sidecar/report/house.ts';
import type { Outcome } from '../../sidecar/words.ts';

export const WELL: Health = {
  ok: true, faults: [], notes: ['gateway-wrapper: no such container yet'], version: '0.1.0', startedAt: '2026-02-09T10:00:00.000Z',
  pausedUntil: null, dryRun: false, containers: [], gateways: [],
};
const BLUE: SessionDetail = {
  id: 'Blue 12', status: 'connected', since: null, source: 'probe', why: 'answers', hits: { corruption: 0, disconnect: 2 }, lastActivity: null,
  mutedUntil: null, incident: null, events: [], repairs: [], next: { rung: null, refused: 'healthy-now', reason: 'answers', notBefore: null },
};
export const OUTCOME: Outcome = {
  session: 'Blue 12', rung: 'restart', result: 'fixed', detail: 'answers', startedAt: 1, endedAt: 2, backup: null,
};
export const PNG = Buffer.from('89504e470d0a1a0a', 'hex');

/** A house with one session, `Blue 12`, that remembers what it was asked to do. */
export function fakeHouse(changes: Partial<House> = {}): { house: House; done: unknown[][] } {
  const done: unknown[][] = [];
  const known = (id: string): void => {
    if (id !== 'Blue 12') throw new HouseError('not-found', `no session is called "${id}"; see auto-fix status`);
  };
  const house: House = {
    health: () => WELL,
    sessions: () => [BLUE],
    session(id) { known(id); return BLUE; },
    incidents: () => [], alerts: () => [], repairs: () => [], backups: () => [],
    channels: () => [{ id: 'Blue 12', status: 'qr_required', since: '2026-02-09T10:00:00.000Z', source: 'event' }],
    async fix(id, how) {
      known(id);
      done.push(['fix', id, how]);
      return { plan: { session: id, rung: how.rung ?? 'restart', steps: [], reason: 'asked' }, outcome: how.dryRun ? null : OUTCOME };
    },
    pause(forMs) { done.push(['pause', forMs]); },
    resume() { done.push(['resume']); },
    mute(id, forMs) { known(id); done.push(['mute', id, forMs]); },
    async restore(backupId) { done.push(['restore', backupId]); return OUTCOME; },
    async qr(id) { known(id); done.push(['qr', id]); return { kind: 'qr', png: PNG }; },
    async metrics() { return { text: 'auto_fix_paused 0\n', contentType: 'text/plain; version=0.0.4; charset=utf-8' }; },
    ...changes,
  };
  return { house, done };
}

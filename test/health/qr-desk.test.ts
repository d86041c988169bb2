import { describe, expect, it } from 'vitest';
import type { Gateway, QrAnswer } from '../../sidecar/gateways/gateway.ts';
import { QrDesk } from '../../sidecar/health/qr-desk.ts';
import { qrLink, whereTheQrIs } from '../../sidecar/health/qr-link.ts';

const picture = (text: string): QrAnswer => ({ kind: 'qr', png: Buffer.from(text) });

/** A desk whose gateway gives those answers, one after the other. */
function desk(answers: (QrAnswer | Error)[], started: string | null = null) {
  const state = { now: 0, asked: 0, starts: 0 };
  const api = { qr: async () => {
    const answer = answers[Math.min(state.asked++, answers.length - 1)]!;
    if (answer instanceof Error) throw answer;
    return answer;
  } } as unknown as Gateway;
  const seats = answers.length === 0 ? [] : [{ api, name: 's1' }];
  const qrs = new QrDesk({ now: () => state.now, seats: () => seats, start: () => (state.starts++, started) });
  return { state, show: () => qrs.show('s1') };
}

describe('whoever looks at a QR', () => {
  it('is shown one that is at most five seconds old, and several share one request', async () => {
    const { state, show } = desk([picture('first'), picture('second')]);
    expect(await Promise.all([show(), show(), show()])).toEqual([picture('first'), picture('first'), picture('first')]);
    state.now = 4_900;
    expect(await show()).toEqual(picture('first'));
    state.now = 5_100;
    expect(await show()).toEqual(picture('second'));
    expect(state.asked).toBe(2);
  });

  it('hears at once when the session has connected', async () => {
    const { state, show } = desk([picture('first'), { kind: 'connected' }, { kind: 'connected' }]);
    await show();
    state.now = 6_000;
    expect([await show(), await show()]).toEqual([{ kind: 'connected' }, { kind: 'connected' }]);
    expect(state.asked).toBe(3);
  });

  it('of a closed session that needs a scan gets it started; of another one is told what to do', async () => {
    const closed: QrAnswer = { kind: 'not-started', detail: 'start it first' };
    const needed = desk([closed], 'it is being started');
    expect(await needed.show()).toEqual({ kind: 'not-started', detail: 'it is being started' });
    expect(needed.state.starts).toBe(1);
    expect(await desk([closed]).show()).toEqual(closed);
  });

  it('never starts anything for a browser that cannot start or a gateway that fails', async () => {
    for (const kind of ['browser-cannot-start', 'failed'] as const) {
      const { state, show } = desk([{ kind, detail: 'why' }], 'started');
      expect(await show()).toEqual({ kind, detail: 'why' });
      expect(state.starts).toBe(0);
    }
  });

  it('is asked for again after a failure', async () => {
    const { show } = desk([new Error('down'), picture('back')]);
    await expect(show()).rejects.toThrow('down');
    expect(await show()).toEqual(picture('back'));
  });

  it('is told when nobody can show it', async () => {
    expect(await desk([]).show()).toBeNull();
  });
});

describe('the link to a QR', () => {
  it('is whole only where the address of the sidecar is known', () => {
    expect(qrLink({ host: '0.0.0.0', port: 9465 }, 'Loja Um')).toBeUndefined();
    expect(qrLink(null, 'Loja Um')).toBeUndefined();
    expect(qrLink({ host: '10.0.0.5', port: 9465 }, 'Loja Um')).toBe('http://10.0.0.5:9465/api/sessions/Loja%20Um/qr.png');
    expect(whereTheQrIs('Loja Um')).toContain('/api/sessions/Loja%20Um/qr.png');
  });
});

import { describe, expect, it } from 'vitest';
import { Desk } from '../../sidecar/decide/desk.ts';
import { fromMs } from '../../sidecar/event-time.ts';
import { around, decided, firing, look, MINUTE, repaired, settings, T0 } from './asked.ts';

describe('a session that is breaking', () => {
  it('is restarted when its probe finds a zombie', () => {
    expect(decided(new Desk(settings()), T0, firing(), look('zombie'))).toBe('restart');
  });

  it('is only counted while its repair runs', () => {
    const desk = new Desk(settings());
    decided(desk, T0, firing(), look('zombie'));
    desk.began('pixel12digital', T0);
    expect(decided(desk, T0 + 1000, firing(), look('zombie'))).toBeNull();
  });

  it('rests for the cooldown after a repair, measured from its end, and then takes the next rung', () => {
    const desk = new Desk(settings());
    decided(desk, T0, firing(), look('zombie'));
    repaired(desk, T0 + MINUTE, 'restart');
    expect(decided(desk, T0 + 2 * MINUTE, firing(), look('zombie'))).toBe('cooldown');
    expect(desk.nextDue()).toBe(T0 + 16 * MINUTE);
    expect(desk.due(T0 + 16 * MINUTE - 1)).toEqual([]);
    const [incident] = desk.due(T0 + 16 * MINUTE);
    incident!.newest = fromMs(T0 + 16 * MINUTE);
    expect(desk.decide(incident!, around(), look('zombie'), T0 + 16 * MINUTE).decision).toMatchObject({ act: { rung: 'reset' } });
  });

  it('goes back to the first rung when it stayed well longer than the escalation time', () => {
    const desk = new Desk(settings());
    decided(desk, T0, firing(), look('zombie'));
    repaired(desk, T0, 'restart');
    expect(decided(desk, T0 + 121 * MINUTE, firing(), look('zombie'))).toBe('restart');
  });

  it('is asked for no second scan while it never stayed well after the first, however long that lasts', () => {
    const desk = new Desk(settings());
    decided(desk, T0, firing(), look('zombie'));
    repaired(desk, T0, 'reset');
    for (let minutes = 20; minutes <= 600; minutes += 100) expect(decided(desk, T0 + minutes * MINUTE, firing(), look('zombie'))).toBe('ladder-spent');
    expect(decided(desk, T0 + (520 + 121) * MINUTE, firing(), look('zombie'))).toBe('restart');
  });

  it('gets a mild remedy again after the escalation time, also when it never stayed well', () => {
    const desk = new Desk(settings({ ladders: { corruption: null, disconnect: ['reconnect', 'restart'] } }));
    decided(desk, T0, firing(), look('zombie'));
    repaired(desk, T0, 'restart');
    expect(decided(desk, T0 + 60 * MINUTE, firing(), look('zombie'))).toBe('ladder-spent');
    expect(decided(desk, T0 + 121 * MINUTE, firing(), look('zombie'))).toBe('restart');
  });

  it('that was restarted while the network was away is restarted once more when it is back, before anything costs its login', () => {
    const desk = new Desk(settings());
    decided(desk, T0, firing(), look('zombie'));
    repaired(desk, T0, 'restart', 'failed');
    const later = (minutes: number, whatsappReachable: boolean) => decided(desk, T0 + minutes * MINUTE, firing(), look('zombie', { whatsappReachable }));
    expect(later(20, false)).toBe('fault-not-proven');
    expect(later(40, true)).toBe('restart');
    repaired(desk, T0 + 41 * MINUTE, 'restart', 'failed');
    expect(later(60, true)).toBe('reset');
  });

  it('is left to a human after the last rung', () => {
    const desk = new Desk(settings());
    decided(desk, T0, firing(), look('zombie'));
    repaired(desk, T0, 'reset');
    expect(decided(desk, T0 + 20 * MINUTE, firing(), look('zombie'))).toBe('ladder-spent');
  });

  it('waits for a start to finish and restarts it when it is stuck', () => {
    const desk = new Desk(settings());
    expect(decided(desk, T0, firing(), look('starting'))).toBe('starting-up');
    expect(desk.nextDue()).toBe(T0 + MINUTE);
    const [incident] = desk.due(T0 + MINUTE);
    expect(desk.decide(incident!, around(), look('starting'), T0 + MINUTE).decision).toMatchObject({ act: { rung: 'restart' } });
  });

  it('is over when the session says that it works', () => {
    const desk = new Desk(settings({ dryRun: true }));
    decided(desk, T0, firing(), look('zombie'));
    expect(desk.recovered('pixel12digital', ['disconnect'])).toHaveLength(1);
    expect(desk.incidents()).toEqual([]);
  });

  it('is looked at again after a failed repair without another line, when the cooldown is over', () => {
    const desk = new Desk(settings());
    decided(desk, T0, firing(), look('zombie'));
    repaired(desk, T0 + MINUTE, 'restart', 'failed');
    expect(desk.due(T0 + 16 * MINUTE)).toHaveLength(1);
  });
});

describe('when nothing may be done', () => {
  it.each([
    ['a name in no list', firing({ who: { refused: 'unknown-session', spelled: 'nobody2' } }), 'unknown-session'],
    ['lines that name nobody', firing({ who: { refused: 'not-attributed' } }), 'not-attributed'],
  ])('%s is refused', (_, fired, code) => {
    expect(decided(new Desk(settings()), T0, fired, look('zombie'))).toBe(code);
  });

  it.each([
    ['healthy', 'healthy-now'], ['qr', 'waiting-for-human'],
  ] as const)('a disconnect with probe %s is refused as %s', (probe, code) => {
    expect(decided(new Desk(settings()), T0, firing(), look(probe))).toBe(code);
  });

  it('a session that was unlinked on the phone waits for a human, whatever the probe says', () => {
    const desk = new Desk(settings());
    expect(decided(desk, T0, firing(), look('closed', { loggedOut: true }))).toBe('waiting-for-human');
  });

  it('a session whose QR was scanned after a reset is no longer waited for, though its log did not say so', () => {
    const desk = new Desk(settings());
    desk.began('pixel12digital', T0);
    desk.ended({ session: 'pixel12digital', rung: 'reset', result: 'needs-qr', detail: '', startedAt: T0, endedAt: T0, backup: null }, 'corruption', T0);
    expect(desk.needsScan('pixel12digital')).toBe(true);
    expect(decided(desk, T0 + 20 * MINUTE, firing(), look('qr'))).toBe('waiting-for-human');
    expect(decided(desk, T0 + 40 * MINUTE, firing({ class: 'corruption' }), look('healthy'))).toBe('ladder-spent');
    expect(desk.needsScan('pixel12digital')).toBe(false);
  });

  it('a gateway that does not answer is told and asked again', () => {
    const desk = new Desk(settings());
    expect(decided(desk, T0, firing(), look('unknown', { gatewayAnswers: false }))).toBe('gateway-unreachable');
    expect(desk.nextDue()).toBe(T0 + 30_000);
  });

  it.each([
    ['stopped-on-purpose', 'stopped-on-purpose'], ['paused', 'stopped-on-purpose'], ['just-started', 'starting-up'], ['restarting', 'starting-up'],
  ] as const)('a container that is %s refuses as %s', (container, code) => {
    expect(decided(new Desk(settings()), T0, firing(), look('zombie'), around({ container }))).toBe(code);
  });

  it('a pause holds until it ends and then lets the incident be decided', () => {
    const desk = new Desk(settings());
    desk.pause(Number.POSITIVE_INFINITY);
    expect(decided(desk, T0, firing(), look('zombie'))).toBe('paused');
    desk.pause(null);
    expect(desk.due(T0 + 1)).toHaveLength(1);
  });

  it('a muted session is left alone, its neighbour is not', () => {
    const desk = new Desk(settings());
    desk.mute('pixel12digital', T0 + MINUTE);
    expect(decided(desk, T0, firing(), look('zombie'))).toBe('muted');
    expect(decided(desk, T0, firing({ session: 'ImobSites' }), look('zombie'))).toBe('restart');
  });

  it('a dry run decides the whole way and touches nothing', () => {
    const desk = new Desk(settings({ dryRun: true }));
    const incident = desk.report(firing(), T0)!;
    expect(desk.decide(incident, around(), look('zombie'), T0).decision).toMatchObject({ refused: 'dry-run', rung: 'restart', reason: 'restart would be done; nothing is touched' });
  });

  it('evidence older than the window is refused', () => {
    const desk = new Desk(settings());
    const incident = desk.report(firing(), T0 + 5 * MINUTE)!;
    expect(desk.beforeLooking(incident, around(), T0 + 5 * MINUTE)!.decision).toMatchObject({ refused: 'stale' });
  });

  it('after four repairs of one session the next waits for the budget, and then may run', () => {
    const desk = new Desk(settings({ cooldownMs: 1000, escalateWithinMs: 1000 }));
    for (const minute of [0, 6, 12, 18]) {
      expect(decided(desk, T0 + minute * MINUTE, firing(), look('zombie'))).toBe('restart');
      repaired(desk, T0 + minute * MINUTE, 'restart');
    }
    expect(decided(desk, T0 + 24 * MINUTE, firing(), look('zombie'))).toBe('budget-spent');
    expect(desk.nextDue()).toBe(T0 + 60 * MINUTE);
  });

  it('each refusal is told once per incident', () => {
    const desk = new Desk(settings());
    const incident = desk.report(firing(), T0)!;
    const unreachable = look('unknown', { gatewayAnswers: false });
    expect(desk.decide(incident, around(), unreachable, T0).firstTold).toBe(true);
    expect(desk.decide(incident, around(), unreachable, T0 + 30_000).firstTold).toBe(false);
  });
});

describe('a fault that is not the session\'s own', () => {
  const both = around({ gatewaySessions: ['pixel12digital', 'ImobSites'] });

  it('holds the second of two sessions that break together: two are all that gateway has', () => {
    const desk = new Desk(settings());
    expect(decided(desk, T0, firing(), look('zombie'), both)).toBe('restart');
    expect(decided(desk, T0 + MINUTE, firing({ session: 'ImobSites' }), look('zombie'), both)).toBe('correlated-failure');
  });

  it('does not hold one that breaks more than two minutes after the other', () => {
    const desk = new Desk(settings());
    decided(desk, T0, firing(), look('zombie'), both);
    expect(decided(desk, T0 + 2 * MINUTE + 1, firing({ session: 'ImobSites' }), look('zombie'), both)).toBe('restart');
  });

  it('is let go when the others have been quiet for two minutes', () => {
    const desk = new Desk(settings());
    decided(desk, T0, firing(), look('zombie'), both);
    decided(desk, T0 + MINUTE, firing({ session: 'ImobSites' }), look('zombie'), both);
    const [held] = desk.due(T0 + 3 * MINUTE);
    expect(desk.decide(held!, both, look('zombie'), T0 + 3 * MINUTE).decision).toMatchObject({ act: { session: 'ImobSites' } });
  });

  it('never resets after disconnects without proof that WhatsApp is reachable', () => {
    const desk = new Desk(settings());
    decided(desk, T0, firing(), look('zombie'));
    repaired(desk, T0, 'restart');
    expect(decided(desk, T0 + 20 * MINUTE, firing(), look('zombie', { whatsappReachable: false }))).toBe('fault-not-proven');
  });
});

describe('a look that learns nothing', () => {
  it('acts on a full window but not on the rest of one', () => {
    const desk = new Desk(settings());
    expect(decided(desk, T0, firing({ count: 5 }), look('unknown'))).toBe('stale');
    expect(decided(new Desk(settings()), T0, firing({ count: 6 }), look('unknown'))).toBe('restart');
  });
});

describe('a clock that is set back', () => {
  const HOUR = 60 * MINUTE;

  it('makes no cooldown longer, nor an incident wait longer', () => {
    const desk = new Desk(settings());
    desk.sweep(T0);
    repaired(desk, T0, 'restart');
    const back = T0 - 5 * HOUR;
    desk.sweep(back);
    expect(decided(desk, back + 10 * MINUTE, firing(), look('zombie'))).toBe('cooldown');
    expect(desk.nextDue()).toBe(back + 15 * MINUTE);
    expect(decided(desk, back + 16 * MINUTE, firing(), look('zombie'))).toBe('reset');
  });

  it('lets what waits for a time wait just as long as before', () => {
    const desk = new Desk(settings());
    desk.sweep(T0);
    decided(desk, T0, firing(), look('unknown', { gatewayAnswers: false }));
    const wait = desk.nextDue()! - T0;
    desk.sweep(T0 - HOUR);
    expect(desk.nextDue()).toBe(T0 - HOUR + wait);
  });

  it('makes no budget refill later', () => {
    const desk = new Desk(settings({ cooldownMs: 0, escalateWithinMs: 0 }));
    desk.sweep(T0);
    for (let n = 0; n < 4; n++) repaired(desk, T0, 'restart');
    desk.sweep(T0 - 24 * HOUR);
    expect(decided(desk, T0 - 24 * HOUR + MINUTE, firing(), look('zombie'))).toBe('budget-spent');
    expect(decided(desk, T0 - 23 * HOUR, firing({ class: 'corruption' }), look('healthy'))).toBe('repair');
  });
});

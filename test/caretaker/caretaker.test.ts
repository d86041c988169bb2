import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { around, look, MINUTE } from '../decide/asked.ts';
import { House } from './house.ts';
import { Roster } from '../../sidecar/fleet/roster.ts';
import type { RefusalCode } from '../../sidecar/words.ts';

let house: House;
beforeEach(() => { house = new House(); });
afterEach(() => house.close());

describe('a session that is breaking, through the live path', () => {
  it('is left alone at five hits and repaired at the sixth', async () => {
    await house.closes('ImobSites', 5);
    expect(house.repairs).toEqual([]);
    await house.closes('ImobSites', 1);
    expect(house.repairs).toEqual(['ImobSites restart']);
    expect(house.log()).toContain('ImobSites: 6 disconnect hits in 5m (page-closed 6); probe zombie; restart');
    expect(house.log()).toContain('ImobSites: fixed by restart in 0.0 s: proven');
  });

  it('spends its evidence: lines from the time of the repair lead to no second one', async () => {
    await house.closes('ImobSites', 6);
    await house.closes('ImobSites', 3);
    await house.passes(20 * MINUTE);
    expect(house.repairs).toEqual(['ImobSites restart']);
  });

  it('never touches its neighbour', async () => {
    await house.closes('pixel12digital', 5);
    await house.closes('ImobSites', 6);
    expect(house.repairs).toEqual(['ImobSites restart']);
  });

  it('is repaired again without another line when its repair failed and the cooldown is over', async () => {
    house.outcome = 'failed';
    await house.closes('ImobSites', 6);
    expect(house.alertsOpen()).toEqual(['session ImobSites']);
    house.outcome = 'fixed';
    await house.passes(16 * MINUTE);
    expect(house.repairs).toEqual(['ImobSites restart', 'ImobSites reset']);
    expect(house.alertsOpen()).toEqual([]);
  });

  it('is let off when it says itself that it works', async () => {
    house.seen = look('unknown', { gatewayAnswers: false });
    await house.closes('ImobSites', 6);
    await house.line('info: 2026-02-09T10:00:00.000Z Started Session: ImobSites');
    expect(house.log()).toContain('ImobSites: works again');
    house.seen = look('zombie');
    await house.passes(5 * MINUTE);
    expect(house.repairs).toEqual([]);
  });
});

describe('a session whose keys are broken', () => {
  const undecryptable = async (h: House, times: number): Promise<void> => {
    for (let n = 0; n < times; n++) {
      await h.line(`{"level":50,"sessionId":"ImobSites","key":{"id":"3EB0AA${n}"},"err":{"message":"Invalid PreKey ID"},"msg":"failed to decrypt message"}`);
      await h.passes(1000);
    }
  };

  it('is repaired when its mute ends, though its connection opened meanwhile: a connection says nothing about keys', async () => {
    house.seen = look('healthy');
    house.desk.mute('ImobSites', house.clock.now() + 2 * MINUTE);
    await undecryptable(house, 6);
    await house.line('{"level":30,"sessionId":"ImobSites","msg":"opened connection to WA"}');
    expect(house.log()).not.toContain('works again');
    await house.passes(3 * MINUTE);
    expect(house.repairs).toEqual(['ImobSites repair']);
  });

  it('is told with the hits that are left when an obstacle ends', async () => {
    house.seen = look('healthy');
    house.desk.mute('ImobSites', house.clock.now() + 2 * MINUTE);
    await house.line('{"level":50,"sessionId":"ImobSites","key":{"id":"3EB0AAff"},"err":{"message":"Bad MAC"},"msg":"failed to decrypt message"}');
    await house.passes(4 * MINUTE);
    house.desk.mute('ImobSites', house.clock.now() + 2 * MINUTE);
    await undecryptable(house, 6);
    await house.passes(3 * MINUTE);
    expect(house.log()).toContain('ImobSites: 6 corruption hits in 5m (signal-keys-lost 6); probe healthy; repair');
  });
});

describe('every refusal, through the live path', () => {
  const cases: [RefusalCode, (h: House) => void | Promise<void>][] = [
    ['paused', (h) => h.desk.pause(Number.POSITIVE_INFINITY)],
    ['muted', (h) => h.desk.mute('ImobSites', Number.POSITIVE_INFINITY)],
    ['dry-run', (h) => h.rebuild({ dryRun: true })],
    ['waiting-for-human', (h) => { h.seen = look('qr'); }],
    ['healthy-now', (h) => { h.seen = look('healthy'); }],
    ['gateway-unreachable', (h) => { h.seen = look('unknown', { gatewayAnswers: false }); }],
    ['starting-up', (h) => { h.surroundings = around({ container: 'just-started' }); }],
    ['stopped-on-purpose', (h) => { h.surroundings = around({ container: 'stopped-on-purpose' }); }],
    ['in-flight', (h) => h.desk.began('ImobSites', h.clock.now())],
    ['fault-not-proven', (h) => {
      h.rebuild({ ladders: { corruption: null, disconnect: ['reset'] } });
      h.seen = look('zombie', { whatsappReachable: false });
    }],
    ['cooldown', async (h) => { await h.closes('ImobSites', 6); h.repairs = []; }],
    ['ladder-spent', async (h) => {
      h.rebuild({ ladders: { corruption: null, disconnect: ['restart'] }, cooldownMs: 0 });
      await h.closes('ImobSites', 6);
      h.repairs = [];
    }],
    ['budget-spent', async (h) => {
      h.rebuild({ cooldownMs: 0, escalateWithinMs: 0 });
      for (let n = 0; n < 4; n++) await h.closes('ImobSites', 6);
      h.repairs = [];
    }],
    ['correlated-failure', async (h) => {
      h.surroundings = around({ gatewaySessions: ['ImobSites', 'pixel12digital'] });
      await h.closes('pixel12digital', 6);
      h.repairs = [];
    }],
  ];

  it.each(cases)('%s', async (code, given) => {
    await given(house);
    await house.closes('ImobSites', 6);
    expect(house.refusals).toContain(code);
    expect(house.log()).toMatch(new RegExp(`ImobSites: .*not repaired: ${code}`));
    expect(house.repairs).toEqual([]);
  });

  it('stale: a backlog of an hour ago fires nothing that is over', async () => {
    await house.closes('ImobSites', 6, 10_000, house.clock.now() - 60 * MINUTE);
    expect(house.refusals).toEqual(['stale']);
    expect(house.repairs).toEqual([]);
  });

  it('unknown-session: a name that no list knows', async () => {
    await house.closes('stranger', 6);
    expect(house.refusals).toEqual(['unknown-session']);
  });

  it('not-attributed: lines that name nobody probe the container\'s sessions and act on the one that fails', async () => {
    house.looks = { ImobSites: look('zombie'), pixel12digital: look('healthy') };
    for (let n = 0; n < 6; n++) {
      await house.line('info: 2026-02-09T10:00:00.000Z browserClose');
      await house.passes(10_000);
    }
    await house.passes(5000);
    expect(house.refusals).toContain('not-attributed');
    expect(house.repairs).toEqual(['ImobSites restart']);
  });

  it('not-attributed: a human is called only when no look tells whose lines they are', async () => {
    const closes = async (): Promise<void> => {
      for (let n = 0; n < 6; n++) {
        await house.line('info: 2026-02-09T10:00:00.000Z phoneNotConnected');
        await house.passes(10_000);
      }
    };
    house.looks = { ImobSites: look('zombie'), pixel12digital: look('healthy') };
    await closes();
    expect(house.repairs).toEqual(['ImobSites restart']);
    expect(house.alertsOpen()).toEqual([]);
    expect(house.log()).toMatch(/nobody named in wppconnect-server: 6 disconnect hits .*not-attributed .*; a look found ImobSites broken/);
    await house.passes(20 * MINUTE);
    house.looks = {};
    house.seen = look('healthy');
    await closes();
    expect(house.alertsOpen()).toEqual(['session nobody named in wppconnect-server']);
  });

  it('backup-impossible: the runner refuses, and the next try waits for the cooldown', async () => {
    house.outcome = 'refused';
    await house.closes('ImobSites', 6);
    expect(house.log()).toContain('ALERT ImobSites: not repaired: backup-impossible');
    await house.passes(10 * MINUTE);
    expect(house.repairs).toHaveLength(1);
  });

  it('keeps its reason in words, for whoever asks later', async () => {
    house.seen = look('unknown', { gatewayAnswers: false });
    await house.closes('ImobSites', 6);
    const [incident] = house.desk.incidents();
    expect(house.log()).toContain(incident!.reasons.get('gateway-unreachable'));
  });

  it('is told once per incident, however long the trouble lasts', async () => {
    house.seen = look('unknown', { gatewayAnswers: false });
    await house.closes('ImobSites', 30);
    expect(house.log().split('gateway-unreachable (').length - 1).toBe(1);
  });
});

describe('many sessions at once', () => {
  it('leads to one alert, not one each, and it is resolved when the gateway is back', async () => {
    house.seen = look('unknown', { gatewayAnswers: false });
    await house.closes('ImobSites', 6);
    await house.closes('pixel12digital', 6);
    expect(house.alertsOpen()).toEqual(['sessions held back']);
    house.seen = look('healthy');
    await house.passes(2 * MINUTE);
    expect(house.alertsOpen()).toEqual([]);
    expect(house.repairs).toEqual([]);
  });
});

describe('sessions held because others broke with them', () => {
  it('are let go by the next look that shows the cause is over', async () => {
    house.surroundings = around({ gatewaySessions: ['ImobSites', 'pixel12digital'] });
    house.seen = look('unknown', { gatewayAnswers: false });
    await house.closes('pixel12digital', 6);
    await house.closes('ImobSites', 6);
    expect(house.refusals).toContain('correlated-failure');
    house.seen = look('healthy');
    await house.passes(1.5 * MINUTE);
    expect(house.desk.incidents().map(({ lastRefusal }) => lastRefusal)).toEqual(['healthy-now', 'healthy-now']);
    expect(house.repairs).toEqual([]);
  });

  it('stay held while nothing shows that it is over', async () => {
    house.surroundings = around({ gatewaySessions: ['ImobSites', 'pixel12digital'] });
    house.seen = look('zombie', { whatsappReachable: false });
    await house.closes('pixel12digital', 6);
    await house.closes('ImobSites', 6);
    await house.passes(MINUTE + 1000);
    expect(house.repairs).toEqual(['pixel12digital restart']);
  });
});

describe('a line that our own code cannot stand', () => {
  it('is passed over and told, and the lines behind it are read', async () => {
    house.poison = 'poison';
    await house.closes('ImobSites', 5);
    await house.line('poison');
    await house.line('poison');
    await house.closes('ImobSites', 1);
    expect(house.log().split('ALERT the sidecar itself failed while reading a log line (a fault of ours)').length - 1).toBe(1);
    expect(house.repairs).toEqual(['ImobSites restart']);
  });
});

describe('two processes with one login', () => {
  it('throw each other out for ten minutes: one alert, no repair, whatever each connection says that opens', async () => {
    for (let n = 0; n < 60; n++) {
      await house.line('{"level":30,"sessionId":"ImobSites","connection":"close","statusCode":440,"msg":"connection update"}');
      await house.passes(5000);
      await house.line('{"level":30,"sessionId":"ImobSites","msg":"opened connection to WA"}');
      await house.line(`{"level":50,"sessionId":"ImobSites","key":{"id":"3EB0AA${n}"},"err":{"message":"Invalid PreKey ID"},"msg":"failed to decrypt message"}`);
      await house.passes(5000);
    }
    expect(house.log().split('ALERT ImobSites: another process uses the same login').length - 1).toBe(1);
    expect(house.log()).not.toContain('works again');
    expect(house.repairs).toEqual([]);
    expect(house.refusals).toContain('waiting-for-human');
  });
});

describe('a suspect line', () => {
  it('leads to a look at once, and to a repair of a zombie without six hits', async () => {
    await house.closes('ImobSites', 1);
    await house.line('error: The browser is already running for /usr/src/wpp-server/userDataDir/ImobSites. Use a different `userDataDir` or stop the running browser first.');
    await house.passes(5000);
    expect(house.repairs).toEqual(['ImobSites restart']);
  });

  it('leads to nothing when the session was simply closed', async () => {
    house.seen = look('closed');
    await house.line('error: The browser is already running for /usr/src/wpp-server/userDataDir/ImobSites. Use a different `userDataDir` or stop the running browser first.');
    await house.passes(MINUTE);
    expect(house.repairs).toEqual([]);
  });
});

describe('a suspect line, and what comes with it', () => {
  const LOCKED = 'error:    [ImobSites:browser] Failed to launch the browser process:  Code: 21';
  const STARTS = 'info:     [ImobSites:browser] Initializing browser...';

  it('that names nobody leads to a look at every session of its container, and only a zombie is acted on', async () => {
    house.seen = look('starting');
    house.looks = { pixel12digital: look('zombie') };
    await house.line('info: 2026-02-09T10:00:00.000Z browserClose');
    await house.passes(5000);
    expect(house.repairs).toEqual(['pixel12digital restart']);
    expect(house.log()).not.toContain('ImobSites');
  });

  it('soon after another is looked at when the minute is over: it may be the one that matters', async () => {
    house.seen = look('closed');
    await house.closes('ImobSites', 1);
    await house.line('info: 2026-02-09T10:00:10.000Z browserClose');
    await house.passes(10_000);
    house.seen = look('zombie');
    await house.line(STARTS);
    await house.line(LOCKED);
    await house.passes(MINUTE);
    expect(house.repairs).toEqual(['ImobSites restart']);
  });

  it('behind which somebody starts the session again is no reason to disturb that start', async () => {
    house.seen = look('starting');
    await house.line(LOCKED);
    await house.line(STARTS, house.clock.now() + 1000);
    await house.passes(30_000);
    expect(house.looked).toEqual([]);
    expect(house.log()).not.toContain('ImobSites');
  });
});

describe('an obstacle that ends without another line', () => {
  it('unknown-session: the gateway lists the name now', async () => {
    await house.closes('Padaria Sol', 6);
    expect(house.refusals).toEqual(['unknown-session']);
    expect(house.repairs).toEqual([]);
    house.lists = new Roster([{ source: 'test', names: ['ImobSites', 'pixel12digital', 'Padaria Sol'] }], new Map());
    await house.passes(2000);
    expect(house.repairs).toEqual(['Padaria Sol restart']);
  });

  it('starting-up: a session that somebody started behind its trouble is asked nothing for a minute', async () => {
    house.desk.mute('ImobSites', house.clock.now() + 2 * MINUTE);
    await house.closes('ImobSites', 6);
    await house.passes(50_000);
    await house.line('info:     [ImobSites:browser] Initializing browser...');
    house.looked = [];
    await house.passes(30_000);
    expect(house.refusals).toEqual(['muted', 'starting-up']);
    expect(house.looked).toEqual([]);
    await house.passes(2 * MINUTE);
    expect(house.repairs).toEqual(['ImobSites restart']);
  });
});

describe('an alert is over', () => {
  it('when a look finds the session healthy, though no line said so', async () => {
    house.rebuild({ ladders: { corruption: null, disconnect: ['reset'] } });
    house.seen = look('zombie', { whatsappReachable: false });
    await house.closes('ImobSites', 6);
    expect(house.alertsOpen()).toEqual(['session ImobSites']);
    house.seen = look('healthy');
    await house.passes(6 * MINUTE);
    expect(house.alertsOpen()).toEqual([]);
    expect(house.log()).toMatch(/ImobSites: resolved after 5 min: healthy again \(seen as healthy\)/);
  });

  it('when the lines that named nobody have been quiet for a window', async () => {
    house.seen = look('healthy');
    for (let n = 0; n < 6; n++) {
      await house.line('info: 2026-02-09T10:00:00.000Z browserClose');
      await house.passes(10_000);
    }
    expect(house.alertsOpen()).toEqual(['session nobody named in wppconnect-server']);
    await house.passes(6 * MINUTE);
    expect(house.alertsOpen()).toEqual([]);
  });

  it('not while a scan is due', async () => {
    house.seen = look('qr');
    await house.closes('ImobSites', 6);
    await house.passes(20 * MINUTE);
    expect(house.alertsOpen()).toEqual(['session ImobSites']);
  });
});

describe('a session that was unlinked on the phone', () => {
  it('is never repaired by force, and a human is told once', async () => {
    await house.line('info: 2026-02-09T10:00:00.000Z State Change UNPAIRED: ImobSites');
    await house.line('info: 2026-02-09T10:00:00.000Z disconnectedMobile');
    await house.closes('ImobSites', 12);
    expect(house.alertsOpen()).toContain('logout ImobSites');
    expect(house.repairs).toEqual([]);
  });
});

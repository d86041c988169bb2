import { describe, expect, it } from 'vitest';
import type { ProbeResult } from '../../sidecar/words.ts';
import { Clinic, HOUR, MINUTE } from './clinic.ts';

const ZOMBIE: ProbeResult = { probe: 'zombie', saw: 'status CONNECTED, check-connection did not answer in 10 s while the server did' };
const CLOSED: ProbeResult = { probe: 'closed', saw: 'status CLOSED' };
const DOWN: ProbeResult = { probe: 'unknown', saw: 'wppconnect-server refused the connection', couldNotLook: true };
const ROUND = 2 * MINUTE;

describe('a round', () => {
  it('looks at every session once, spread over its length, two at a time at most', async () => {
    const names = Array.from({ length: 200 }, (_, i) => `s${i}`);
    const clinic = new Clinic(names);
    const begun = clinic.clock.now();
    await clinic.pass(ROUND + MINUTE / 4, undefined, 500);
    expect(names.filter((name) => clinic.of(name).asked.length === 0)).toEqual([]);
    expect(clinic.mostAtOnce).toBeLessThanOrEqual(2);
    const quarters = Map.groupBy(names, (name) => Math.floor((clinic.of(name).asked[0]! - begun) / (ROUND / 4)));
    expect([0, 1, 2, 3].filter((quarter) => quarters.get(quarter)!.length < 25)).toEqual([]);
  });

  it('comes again after its time, and never when it is off', async () => {
    const clinic = new Clinic(['s1']);
    await clinic.pass(10 * ROUND);
    expect(clinic.of('s1').asked.length).toBe(10);
    const off = new Clinic(['s1'], { everyMs: null });
    await off.pass(10 * ROUND);
    expect(off.of('s1').asked).toEqual([]);
  });

  it('goes on when the clock is set back by a day', async () => {
    let setBack = 0;
    const clinic: Clinic = new Clinic(['s1'], { now: () => clinic.clock.now() - setBack });
    await clinic.pass(2 * ROUND);
    const { length } = clinic.of('s1').asked;
    setBack = 24 * HOUR;
    await clinic.pass(3 * ROUND);
    expect(clinic.of('s1').asked.length - length).toBeGreaterThanOrEqual(3);
  });

  it('spares the gateway a question about a session through which a message has just gone', async () => {
    const clinic = new Clinic(['s1']);
    await clinic.pass(5 * ROUND, (now) => { clinic.of('s1').seen.lastMessage = now - 20_000; });
    expect(clinic.of('s1').asked).toEqual([]);
    expect(clinic.memory.get('s1')?.connectedAt).toBeGreaterThan(0);
  });

  it('leaves a fresh start alone, and a session that is being repaired or whose container is not up', async () => {
    const clinic = new Clinic(['starting', 'repaired']);
    clinic.of('repaired').mayLook = false;
    clinic.of('starting').seen.startingSince = clinic.clock.now() + ROUND;
    await clinic.pass(ROUND + 50_000);
    expect([clinic.of('starting').asked, clinic.of('repaired').asked]).toEqual([[], []]);
    await clinic.pass(2 * ROUND);
    expect(clinic.of('starting').asked.length).toBeGreaterThan(0);
    expect(clinic.of('starting').asked[0]! - clinic.of('starting').seen.startingSince!).toBeGreaterThanOrEqual(MINUTE);
  });
});

describe('a session that is connected in name only', () => {
  it('is sick at the third look, once, and well again with the first that finds it healthy', async () => {
    const clinic = new Clinic(['s1', 's2']);
    clinic.of('s1').probe = ZOMBIE;
    await clinic.pass(2 * ROUND);
    expect(clinic.found).toEqual([]);
    await clinic.pass(6 * ROUND);
    expect(clinic.found).toEqual(['sick s1 health-zombie']);
    clinic.of('s1').probe = { probe: 'healthy', saw: 'it answers' };
    await clinic.pass(2 * ROUND);
    expect(clinic.found).toEqual(['sick s1 health-zombie', 'well s1']);
  });

  it('is not sick when a look in between finds it healthy', async () => {
    let looks = 0;
    const clinic = new Clinic(['s1'], { ask: async () => (++looks % 3 === 0 ? { probe: 'healthy', saw: '' } : ZOMBIE) });
    await clinic.pass(20 * ROUND);
    expect(looks).toBe(20);
    expect(clinic.found).toEqual([]);
  });

  it('is not told again while its incident is open, and after an hour when that led to nothing', async () => {
    const clinic = new Clinic(['s1']);
    clinic.of('s1').probe = ZOMBIE;
    clinic.incidents.add('s1');
    await clinic.pass(10 * ROUND);
    expect(clinic.found).toEqual([]);
    clinic.incidents.delete('s1');
    await clinic.pass(HOUR + 3 * ROUND);
    expect(clinic.found).toEqual(['sick s1 health-zombie', 'sick s1 health-zombie']);
  });
});

describe('a closed session', () => {
  it('is sick when its container came back without it', async () => {
    const clinic = new Clinic(['s1']);
    await clinic.pass(ROUND);
    Object.assign(clinic.of('s1'), { probe: CLOSED });
    clinic.of('s1').closing.containerStartedAt = clinic.clock.now();
    await clinic.pass(3 * ROUND);
    expect(clinic.found).toEqual(['sick s1 health-closed']);
  });

  it('is left closed when somebody asked for it, which is told once', async () => {
    const clinic = new Clinic(['s1']);
    await clinic.pass(ROUND);
    clinic.of('s1').probe = CLOSED;
    clinic.of('s1').closing.closedAt = clinic.clock.now();
    await clinic.pass(3 * HOUR);
    expect(clinic.found).toEqual([]);
    expect(clinic.told).toEqual([expect.stringMatching(/^info s1: closed .*somebody asked for it/)]);
  });

  it('is nobody\'s concern when it was never seen connected', async () => {
    const clinic = new Clinic(['s1']);
    clinic.of('s1').probe = CLOSED;
    await clinic.pass(3 * HOUR);
    expect([clinic.found, clinic.told]).toEqual([[], []]);
  });

  it('is remembered as connected over a restart of the sidecar', async () => {
    const clinic = new Clinic(['s1']);
    await clinic.pass(ROUND);
    clinic.of('s1').probe = CLOSED;
    clinic.restart();
    await clinic.pass(3 * ROUND);
    expect(clinic.found).toEqual(['sick s1 health-closed']);
  });

  it('is sick again when it closes by itself soon after a repair that held', async () => {
    const clinic = new Clinic(['s1']);
    await clinic.pass(ROUND);
    const { closing } = clinic.of('s1');
    closing.fixedAt = clinic.clock.now() + 5_000;
    closing.closedAt = closing.troubleAt = closing.fixedAt + 30_000;
    clinic.of('s1').probe = CLOSED;
    await clinic.pass(3 * ROUND);
    expect(clinic.found).toEqual(['sick s1 health-closed']);
  });
});

describe('a QR that is due', () => {
  it('is told once, and nothing is done', async () => {
    const clinic = new Clinic(['s1']);
    await clinic.pass(ROUND);
    clinic.of('s1').probe = { probe: 'qr', saw: 'status QRCODE' };
    await clinic.pass(HOUR);
    expect(clinic.found).toEqual(['scan s1']);
  });
});

describe('a gateway that cannot be asked', () => {
  it('is told once for all its sessions and healed once, and makes nobody sick', async () => {
    const clinic = new Clinic(['s1', 's2', 's3']);
    for (const patient of clinic.patients.values()) patient.probe = DOWN;
    await clinic.pass(20 * ROUND);
    expect(clinic.told).toEqual(['warn -: the sessions of wppconnect cannot be looked at: wppconnect-server refused the connection']);
    for (const patient of clinic.patients.values()) patient.probe = { probe: 'healthy', saw: '' };
    await clinic.pass(5 * ROUND);
    expect(clinic.told.slice(1)).toEqual(['info -: wppconnect can be asked about its sessions again']);
    expect(clinic.found).toEqual([]);
  });

  it('is not told a second time when its list has failed already', async () => {
    const clinic = new Clinic(['s1', 's2']);
    clinic.listFails = true;
    for (const patient of clinic.patients.values()) patient.probe = DOWN;
    await clinic.pass(20 * ROUND);
    expect(clinic.told).toEqual([]);
  });

  it('is not blamed for one session that alone cannot be looked at', async () => {
    const clinic = new Clinic(['s1', 's2', 's3']);
    clinic.of('s2').probe = DOWN;
    await clinic.pass(20 * ROUND);
    expect(clinic.told).toEqual([expect.stringMatching(/^warn s2: it could not be looked at 3 times in a row/)]);
  });

  it('does not break a row of looks that found a session dead', async () => {
    const clinic = new Clinic(['s1']);
    clinic.of('s1').probe = ZOMBIE;
    await clinic.pass(2 * ROUND);
    clinic.of('s1').probe = DOWN;
    await clinic.pass(2 * ROUND);
    clinic.of('s1').probe = ZOMBIE;
    await clinic.pass(ROUND);
    expect(clinic.found).toEqual(['sick s1 health-zombie']);
  });
});

describe('when the sidecar stops', () => {
  it('a look under way is broken off and leads to nothing', async () => {
    let asked: AbortSignal | null = null;
    const clinic = new Clinic(['s1'], {
      silentAfterMs: 1,
      ask: (_, signal) => new Promise((resolve) => {
        asked = signal;
        signal.addEventListener('abort', () => resolve(ZOMBIE));
      }),
    });
    clinic.of('s1').seen.lastActivity = 0;
    await clinic.passWithoutWaiting(ROUND);
    expect(asked).not.toBeNull();
    await clinic.stop();
    expect(clinic.found).toEqual([]);
  });
});

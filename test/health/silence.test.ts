import { describe, expect, it } from 'vitest';
import { Clinic, DAY, HOUR, MINUTE, MONDAY } from './clinic.ts';

const ROUNDS_OFF = { everyMs: null } as const;

/** Messages on workdays from 8 to 18, a contact's presence now and then; nothing at night and at weekends. */
function office(clinic: Clinic, session: string): (now: number) => void {
  return (now) => {
    const day = Math.floor((now - MONDAY) / DAY) % 7;
    const hour = ((now - MONDAY) % DAY) / HOUR;
    if (day < 5 && hour >= 8 && hour < 18) Object.assign(clinic.of(session).seen, { lastActivity: now, lastMessage: now });
  };
}

describe('a quiet number', () => {
  it('that is well causes nothing over three weeks of nights and weekends, with and without rounds', async () => {
    for (const over of [{}, ROUNDS_OFF]) {
      const clinic = new Clinic(['office'], over);
      await clinic.pass(21 * DAY, office(clinic, 'office'), 5 * MINUTE);
      expect(clinic.found).toEqual([]);
      expect(clinic.told.filter((line) => line.startsWith('warn'))).toEqual([]);
    }
  });

  it('is looked at less and told of less once its habits are known', async () => {
    const clinic = new Clinic(['office'], ROUNDS_OFF);
    await clinic.pass(7 * DAY, office(clinic, 'office'), 5 * MINUTE);
    const [asked, told] = [clinic.of('office').asked.length, clinic.told.length];
    expect(asked).toBeGreaterThan(0);
    await clinic.pass(7 * DAY, office(clinic, 'office'), 5 * MINUTE);
    expect(clinic.of('office').asked.length - asked).toBeLessThan(asked / 4);
    expect(clinic.told.length).toBe(told);
  });

  it('keeps its habits over a restart of the sidecar', async () => {
    const clinic = new Clinic(['office'], ROUNDS_OFF);
    await clinic.pass(8 * DAY, office(clinic, 'office'), 5 * MINUTE);
    const asked = clinic.of('office').asked.length;
    clinic.restart();
    await clinic.pass(1 * DAY, office(clinic, 'office'), 5 * MINUTE);
    expect(clinic.of('office').asked.length).toBe(asked);
  });

  it('that dies on a Friday night is found by the first look that its silence starts, and by nothing before', async () => {
    const clinic = new Clinic(['office'], ROUNDS_OFF);
    await clinic.pass(4 * DAY + 20 * HOUR, office(clinic, 'office'), 5 * MINUTE);
    const died = clinic.clock.now();
    clinic.of('office').probe = { probe: 'zombie', saw: 'it does not answer' };
    await clinic.pass(2 * DAY, undefined, 5 * MINUTE);
    expect(clinic.found[0]).toBe('sick office health-zombie');
    expect(clinic.of('office').asked.filter((at) => at > died).length).toBeGreaterThan(0);
  });
});

describe('silence', () => {
  it('that no look confirms is told once, as nothing to do', async () => {
    const clinic = new Clinic(['s1']);
    clinic.of('s1').seen.lastActivity = MONDAY;
    await clinic.pass(12 * HOUR, undefined, MINUTE);
    expect(clinic.told).toEqual([expect.stringMatching(/^info s1: no sign of life for more than 4 h; a look found it healthy .*nothing is done$/)]);
    expect(clinic.found).toEqual([]);
  });

  it('with a failed look needs no second and third round', async () => {
    const clinic = new Clinic(['s1']);
    clinic.of('s1').seen.lastActivity = MONDAY - 5 * HOUR;
    clinic.of('s1').probe = { probe: 'zombie', saw: '' };
    await clinic.pass(2 * MINUTE);
    expect(clinic.of('s1').asked.length).toBe(1);
    expect(clinic.found).toEqual(['sick s1 health-zombie']);
  });

  it('of a session that nobody ever heard of starts nothing', async () => {
    const clinic = new Clinic(['s1'], ROUNDS_OFF);
    await clinic.pass(DAY, undefined, MINUTE);
    expect(clinic.of('s1').asked).toEqual([]);
  });
});

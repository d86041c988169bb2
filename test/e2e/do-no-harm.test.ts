import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../lab/control.ts';
import { Lab } from '../lab/lab.ts';
import { SidecarProcess } from './sidecar-process.ts';

/** Hits further apart than one cause lasts, as near as that lets them be. */
const APART_MS = 2100;
const SIX = { count: 6, everyMs: APART_MS };
const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `loja${n + 1}`);

async function labOf(project: string, sessions: readonly string[]): Promise<Lab> {
  const lab = new Lab({
    project, services: ['wppconnect-server', 'gateway-wrapper', 'redis'],
    env: { LAB_WPP_SESSIONS: sessions.join(','), LAB_CHANNELS: sessions.map((name) => `${name}=${name}`).join(',') },
  });
  await lab.up();
  for (const session of sessions) await until(`${session} to connect`, async () => (await lab.wpp.session(session)).status === 'CONNECTED', 60_000);
  return lab;
}

const beside = (lab: Lab): SidecarProcess => new SidecarProcess(lab);

describe('one of twenty sessions breaks in a presence storm', () => {
  const sessions = numbered(20);
  let lab: Lab;
  let sidecar: SidecarProcess;
  beforeAll(async () => {
    lab = await labOf('harm-twenty', sessions);
    sidecar = beside(lab);
    await sidecar.start();
  });
  afterAll(async () => {
    await sidecar.stop();
    await lab.down();
  });

  test('exactly that one is repaired, once', async () => {
    const starts = async (): Promise<number[]> => Promise.all(sessions.map(async (session) => (await lab.wpp.session(session)).starts));
    const before = await starts();
    for (const session of sessions) await lab.wpp.breakSession(session, 'presence', { count: 30 });
    await lab.wpp.breakSession('loja7', 'freeze-renderer');
    for (let n = 0; n < 6; n++) {
      await lab.wrapper.send('POST', 'real-close', { session: 'loja7' });
      for (const session of sessions) await lab.wpp.breakSession(session, 'presence', { count: 3 });
      await new Promise((resolve) => setTimeout(resolve, APART_MS));
    }
    await sidecar.says('loja7: fixed by restart');
    const after = await starts();
    expect(after.map((count, n) => count - before[n]!)).toEqual(sessions.map((session) => (session === 'loja7' ? 1 : 0)));
    expect(sidecar.log().split('\n').filter((line) => /hits? in 5m/.test(line))).toHaveLength(1);
  });
});

describe('forty sessions fail together because the gateway is stopped', () => {
  const sessions = numbered(40);
  let lab: Lab;
  let sidecar: SidecarProcess;
  beforeAll(async () => {
    lab = await labOf('harm-forty', sessions);
    sidecar = beside(lab);
    await sidecar.start();
  });
  afterAll(async () => {
    await sidecar.stop();
    await lab.down();
  });

  test('nothing is repaired, one alert is raised, and the hold is released when the gateway is back', async () => {
    await lab.wpp.breakGateway({ kind: 'hang' });
    await Promise.all(sessions.map((session) => lab.wpp.breakSession(session, 'print', { name: 'page-closed', ...SIX })));
    await lab.compose('kill', 'wppconnect-server');
    await sidecar.says('not repaired: correlated-failure');
    const alerts = (): string[] => sidecar.log().split('\n').filter((line) => line.includes('] ALERT '));
    expect(alerts()).toHaveLength(1);
    expect(sidecar.log()).not.toMatch(/; (reconnect|restart|repair|reset)$/m);

    await lab.compose('start', 'wppconnect-server');
    await lab.findPorts();
    await until('the hold to be released', () => sidecar.log().includes('no session is held back any more'), 240_000);
    expect(alerts()).toHaveLength(1);
    expect(sidecar.log()).not.toMatch(/fixed by/);
  }, 400_000);
});

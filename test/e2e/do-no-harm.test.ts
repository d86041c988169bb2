import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
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

interface Door {
  url: string;
  close(): Promise<void>;
}

/** One address for a service whose published port changes when its container is started again. */
async function steadyDoor(port: () => number): Promise<Door> {
  const open = new Set<Socket>();
  const server = createServer((inside) => {
    const outside = connect(port(), '127.0.0.1');
    for (const [socket, other] of [[inside, outside], [outside, inside]] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy()).on('close', () => open.delete(socket)).pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

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
  let door: Door;
  beforeAll(async () => {
    lab = await labOf('harm-forty', sessions);
    door = await steadyDoor(() => Number(new URL(lab.url('wppconnect-server')).port));
    sidecar = new SidecarProcess(lab, { WPPCONNECT_URL: door.url });
    await sidecar.start();
  });
  afterAll(async () => {
    await sidecar.stop();
    await door.close();
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
    await until('the hold to be released', () => sidecar.log().includes('no session is held back any more'), 240_000).catch((error: Error) => {
      throw new Error(`${error.message}; the log says:\n${sidecar.log()}`);
    });
    expect(alerts()).toHaveLength(1);
    expect(sidecar.log()).not.toMatch(/fixed by/);
  }, 400_000);
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../lab/control.ts';
import { Lab } from '../lab/lab.ts';
import { SidecarProcess, type Ran } from './sidecar-process.ts';
import { connected, opened } from './waiting.ts';

const SHOP = 'Loja Um';
/** Long enough for a signal to arrive in the middle; what waits is the gateway's answer, and the test waits for lines only. */
const SLOW_MS = 3_000;

let lab: Lab;
let sidecar: SidecarProcess;
let mark: number;
let asked: Promise<Ran>;
/** Asks for a repair and does not wait for its end: the sidecar that runs it is about to go. */
const begin = (session: string, rung: string): void => void (asked = sidecar.command(['fix', session, '--rung', rung]));
const outcomesOf = (session: string) => sidecar.log(mark).split('\n').filter((line) => new RegExp(`\\] (ALERT )?${session}: (fixed by|rolled-back|failed|needs a QR scan after)`).test(line));

beforeAll(async () => {
  lab = new Lab({ project: 'e2e-cut', services: ['wppconnect-server', 'redis', 'whaticket-backend'], env: { LAB_WPP_SESSIONS: `${SHOP},Loja Dois` } });
  await lab.up();
  await Promise.all([connected(lab, SHOP), opened(lab, '26'), opened(lab, '27')]);
  sidecar = new SidecarProcess(lab, { AUTO_FIX_SETTLE: '3s' });
});
beforeEach(async () => {
  mark = sidecar.mark();
  await sidecar.start();
});
afterEach(() => sidecar.stop());
afterAll(async () => {
  await lab?.down();
});

describe('docker compose stop in the middle of a repair leaves no session closed', () => {
  test('while the gateway is still closing it: nothing is deleted, it is started again', async () => {
    const before = lab.snapshot(lab.profileOf(SHOP))['Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb/000003.log'];
    await lab.wpp.breakGateway({ kind: 'slow', ms: SLOW_MS, only: '/close-session' });
    await lab.wpp.forgetCalls();
    begin(SHOP, 'reset');
    await until('the close to be asked for', async () => (await lab.wpp.calls())[`POST /api/${SHOP}/close-session`]);
    expect(await sidecar.stop()).toBe(0);
    await asked;
    await lab.wpp.breakGateway({ kind: 'none' });
    await connected(lab, SHOP);
    expect(lab.snapshot(lab.profileOf(SHOP))['Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb/000003.log']).toBe(before);
    expect(outcomesOf(SHOP)).toEqual([expect.stringContaining('rolled-back (reset')]);
  });

  test('while it is started after its keys were cleared: the start is completed, and proven by the next sidecar', async () => {
    await lab.backend.breakGateway({ kind: 'slow', ms: SLOW_MS, only: '/start-session' });
    begin('26', 'repair');
    await sidecar.says('] 26: cleared', mark);
    expect(await sidecar.stop()).toBe(0);
    await asked;
    await lab.backend.breakGateway({ kind: 'none' });
    await opened(lab, '26');
    expect(outcomesOf('26')).toEqual([]);
    await sidecar.start();
    await sidecar.says(/\] 26: fixed by repair .*\(the sidecar was cut off .*, then finished\)/, mark);
    expect(outcomesOf('26')).toHaveLength(1);
    expect((await lab.backend.breakSession('26', 'message')).result).toMatchObject([{ text: 'hello' }]);
  });

  test('while it is being verified: the next sidecar verifies it, once', async () => {
    begin(SHOP, 'restart');
    await sidecar.says(`] ${SHOP}: started`, mark);
    await connected(lab, SHOP);
    expect(await sidecar.stop()).toBe(0);
    await asked;
    expect((await lab.wpp.session(SHOP)).status).toBe('CONNECTED');
    const { starts } = await lab.wpp.session(SHOP);
    await sidecar.start();
    await sidecar.says(new RegExp(`\\] ${SHOP}: fixed by restart`), mark);
    expect(outcomesOf(SHOP)).toHaveLength(1);
    expect((await lab.wpp.session(SHOP)).starts).toBe(starts);
  });
});

describe('a sidecar that is killed in the middle of a repair', () => {
  test('while the session is closed by it: the next one starts the session again', async () => {
    await lab.backend.breakGateway({ kind: 'slow', ms: SLOW_MS, only: '/disconnect' });
    begin('27', 'reset');
    await until('the disconnect to be asked for', async () => (await lab.backend.calls())['PUT /whatsapp/27/disconnect']);
    await sidecar.stop('SIGKILL');
    await asked;
    await lab.backend.breakGateway({ kind: 'none' });
    await sidecar.start();
    await sidecar.says(/\] ALERT 27: rolled-back \(reset, .*the sidecar was cut off during close, before anything was deleted/, mark);
    await opened(lab, '27');
    expect(outcomesOf('27')).toHaveLength(1);
    expect((await lab.backend.breakSession('27', 'message')).result).toMatchObject([{ text: 'hello' }]);
  });

  test('after its keys were cleared: the next one finishes the repair', async () => {
    await lab.backend.breakGateway({ kind: 'hang', only: '/start-session' });
    begin('26', 'repair');
    await sidecar.says('] 26: cleared', mark);
    await sidecar.stop('SIGKILL');
    await asked;
    await lab.backend.breakGateway({ kind: 'none' });
    expect((await lab.backend.session('26')).status).toBe('DISCONNECTED');
    await sidecar.start();
    await sidecar.says(/\] 26: fixed by repair .*\(the sidecar was cut off .*, then finished\)/, mark);
    await opened(lab, '26');
    expect(outcomesOf('26')).toHaveLength(1);
    expect((await lab.backend.breakSession('26', 'message')).result).toMatchObject([{ text: 'hello' }]);
  });
});

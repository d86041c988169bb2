import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../lab/control.ts';
import { Lab } from '../lab/lab.ts';
import { SidecarProcess } from './sidecar-process.ts';
import { connected, expectSameTree, opened } from './waiting.ts';

const [STUCK, ZOMBIE, FAILING, BRIEF] = ['Loja Um', 'Loja Dois', 'Loja Tres', 'Loja Quatro'] as const;
const SHOPS = [STUCK, ZOMBIE, FAILING, BRIEF];

interface Answer { outcome: { result: string; detail: string } }
let lab: Lab;
let sidecar: SidecarProcess;
const fix = async (session: string, rung: string): Promise<Answer['outcome']> => {
  const { stdout, stderr } = await sidecar.command(['fix', session, '--rung', rung, '--json']);
  if (!stdout) throw new Error(stderr);
  return (JSON.parse(stdout) as Answer).outcome;
};

beforeAll(async () => {
  lab = new Lab({ project: 'e2e-unhealed', services: ['wppconnect-server', 'redis', 'whaticket-backend'], env: { LAB_WPP_SESSIONS: SHOPS.join(',') } });
  await lab.up();
  await Promise.all([...SHOPS.map((session) => connected(lab, session)), opened(lab, '26'), opened(lab, '27')]);
  // A session that dies a second after its start must not pass: the settle time is longer than its life.
  sidecar = new SidecarProcess(lab, { AUTO_FIX_VERIFY_WITHIN: '3s', AUTO_FIX_SETTLE: '2s', AUTO_FIX_COOLDOWN: '1s' });
  await sidecar.start();
});
afterAll(async () => {
  await sidecar?.stop();
  await lab?.down();
});

// First: the repairs by hand below spend what the sidecar may do of itself.
test('keys that go bad again after a repair lead to the next rung, not to the same one for ever', async () => {
  await lab.backend.breakSession('26', 'never-heal');
  await lab.backend.breakSession('26', 'corrupt-session');
  await lab.backend.breakSession('26', 'message', { count: 6 });
  await sidecar.says(/\] 26: fixed by repair/);
  await lab.backend.breakSession('26', 'message', { count: 6 });
  await sidecar.says(/\] 26: 6 corruption hits in 5m \(.*\); probe healthy; reset$/);
  await sidecar.says('] ALERT 26: needs a QR scan after reset');
  await until('the QR code', async () => (await lab.backend.session('26')).status === 'qrcode');
  const { stdout } = await sidecar.command(['backups', '26', '--json']);
  expect((JSON.parse(stdout) as { id: string }[]).map(({ id }) => id.replace(/^.*Z-/, ''))).toEqual(['reset', 'repair']);
});

describe('a start that comes to nothing is never called fixed', () => {
  test('stuck for ever, or dead behind its CONNECTED', async () => {
    await lab.wpp.breakSession(STUCK, 'next-starts', { kind: 'stuck' });
    await lab.wpp.breakSession(ZOMBIE, 'next-starts', { kind: 'zombie' });
    const [stuck, zombie] = await Promise.all([fix(STUCK, 'restart'), fix(ZOMBIE, 'restart')]);
    expect(stuck).toMatchObject({ result: 'failed', detail: expect.stringMatching(/^Loja Um was started but is starting \(status INITIALIZING\)/) });
    expect(zombie).toMatchObject({ result: 'failed', detail: expect.stringMatching(/^Loja Dois was started but is zombie \(status CONNECTED, check-connection did not answer/) });
    for (const session of [STUCK, ZOMBIE]) {
      expect(sidecar.log()).toMatch(new RegExp(`\\] ALERT ${session}: failed \\(restart, after `));
      expect((await lab.wpp.session(session))).toMatchObject({ status: expect.not.stringMatching('CLOSED'), starts: 2 });
    }
  });

  test('refused by the page, or gone after a second', async () => {
    await lab.wpp.breakSession(FAILING, 'next-starts', { kind: 'fails' });
    await lab.wpp.breakSession(BRIEF, 'next-starts', { kind: 'short-lived' });
    const [failing, brief] = await Promise.all([fix(FAILING, 'restart'), fix(BRIEF, 'restart')]);
    expect(failing).toMatchObject({ result: 'failed', detail: expect.stringMatching(/^Loja Tres was started but is closed/) });
    expect(brief).toMatchObject({ result: 'failed', detail: expect.stringMatching(/^Loja Quatro was started but is zombie \(.*its browser or page is gone/) });
    for (const session of [FAILING, BRIEF]) {
      expect(sidecar.log()).toMatch(new RegExp(`\\] ALERT ${session}: failed \\(restart, after `));
      expect((await lab.wpp.session(session)).starts).toBe(2);
    }
  });

  test('and once the fault is gone the same remedy holds', async () => {
    for (const session of SHOPS) await lab.wpp.breakSession(session, 'next-starts', { kind: 'none' });
    const mark = sidecar.mark();
    const repaired = [fix(STUCK, 'restart')]; // waits for a browser that nobody closes any more, and ends it
    for (const session of [ZOMBIE, FAILING, BRIEF]) repaired.push(Promise.resolve(await fix(session, 'restart')));
    for (const { result } of await Promise.all(repaired)) expect(result).toBe('fixed');
    expect(sidecar.log(mark)).toMatch(/\] Loja Um: ended the browser that outlived the session \(process \d+\)/);
    for (const session of SHOPS) expect(sidecar.log(mark)).toContain(`] ${session}: fixed by restart`);
  });

  test('after a reset it is taken back: the login stands again and the session runs on it', async () => {
    await lab.wpp.breakSession(FAILING, 'next-starts', { kind: 'fails' });
    const { result, detail } = await fix(FAILING, 'reset');
    expect({ result, detail }).toEqual({ result: 'rolled-back', detail: expect.stringMatching(/^Loja Tres was started but is closed .*; the state before was put back from Loja Tres\/.*-reset\.tar\.zst and the session started$/) });
    expect(sidecar.log()).toContain('] ALERT Loja Tres: rolled-back (reset');
    await lab.wpp.breakSession(FAILING, 'next-starts', { kind: 'none' });
    expect((await fix(FAILING, 'restart')).result).toBe('fixed');
    expect((await lab.wpp.breakSession(FAILING, 'message')).result).toBe(true);
  });

  test('a number whose start hangs gets back every file and key of before', async () => {
    await fetch(`${lab.url('whaticket-backend')}/whatsapp/27/disconnect`, { method: 'PUT', headers: { authorization: `Bearer ${lab.secrets.backend}` } });
    const before = { tree: lab.snapshot(lab.baileysFolderOf('27')), keys: await lab.snapshotKeys('27') };
    await lab.backend.breakSession('27', 'stuck-starts');
    expect(await fix('27', 'repair')).toMatchObject({ result: 'rolled-back', detail: expect.stringMatching(/^27 was started but is starting/) });
    expectSameTree(lab.snapshot(lab.baileysFolderOf('27')), before.tree);
    expect(await lab.snapshotKeys('27')).toEqual(before.keys);
    expect((await lab.backend.session('27')).status).toBe('OPENING');
    expect(sidecar.log()).toContain('] ALERT 27: rolled-back (repair');
  });
});

describe('a gateway that fails in the middle of a repair', () => {
  test.each([['error-500', STUCK, 'reset'], ['html-502', ZOMBIE, 'restart'], ['close-socket', FAILING, 'restart']] as const)('by %s: the start is owed, loudly', async (kind, session, rung) => {
    await lab.wpp.breakGateway({ kind, only: '/start-session' });
    const { result, detail } = await fix(session, rung);
    await lab.wpp.breakGateway({ kind: 'none' });
    expect(result).toBe('failed');
    expect(detail).toMatch(/and it could not be started again \(.*\): start it by hand$/);
    expect(sidecar.log()).toMatch(new RegExp(`\\] ALERT ${session}: it is closed and cannot be started`));
  });

  test('and the owed starts are paid when the gateway answers again', async () => {
    const mark = sidecar.mark();
    await sidecar.stop();
    await sidecar.start();
    for (const session of [STUCK, ZOMBIE, FAILING]) {
      await sidecar.says(`] ${session}: started at last, after a repair that could not start it`, mark);
      await connected(lab, session);
      expect((await lab.wpp.breakSession(session, 'message')).result).toBe(true);
    }
  });

  test('when it is asked to close a session that works: that one is left as it is', async () => {
    await lab.wpp.breakGateway({ kind: 'error-500', only: '/close-session' });
    const before = await lab.wpp.session(BRIEF);
    const { result, detail } = await fix(BRIEF, 'reset');
    await lab.wpp.breakGateway({ kind: 'none' });
    expect({ result, detail }).toEqual({ result: 'failed', detail: expect.stringMatching(/still CONNECTED.*; it works, so it is left as it is; nothing was deleted/) });
    expect(sidecar.log()).toMatch(/\] ALERT Loja Quatro: failed \(reset, .*still CONNECTED/);
    expect(await lab.wpp.session(BRIEF)).toEqual(before);
    expect((await lab.wpp.breakSession(BRIEF, 'message')).result).toBe(true);
  });

  test('by hanging: the start is asked for again and the repair goes on', async () => {
    await lab.wpp.breakGateway({ kind: 'hang', only: '/start-session' });
    const mark = sidecar.mark();
    const repaired = fix(BRIEF, 'restart');
    await sidecar.says(/\] Loja Quatro: start was refused \(.*did not answer/, mark);
    await lab.wpp.breakGateway({ kind: 'none' });
    expect(await repaired).toMatchObject({ result: 'fixed' });
  });
});

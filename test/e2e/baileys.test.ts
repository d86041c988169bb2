import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../lab/control.ts';
import { Lab } from '../lab/lab.ts';
import type { KeySnapshot, TreeSnapshot } from '../lab/snapshot.ts';
import { SidecarProcess } from './sidecar-process.ts';
import { expectSameTree, makeOdd, opened, restoreAndLook } from './waiting.ts';

const [BROKEN, WELL] = ['26', '27'] as const;
/** Not a session's keys: what else an application keeps in the same Redis. */
const FOREIGN = { 'bull:jobs:1': 'queued', 'sessions:260:creds': 'another number', 'sessions:2': 'no session key' };

interface State { tree: TreeSnapshot; keys: KeySnapshot }
let lab: Lab;
let sidecar: SidecarProcess;
let well: State;
const stateOf = async (id: string): Promise<State> => ({ tree: lab.snapshot(lab.baileysFolderOf(id)), keys: await lab.snapshotKeys(id) });
const creds = () => readFileSync(join(lab.baileysFolderOf(BROKEN), 'creds.json'), 'utf8');
const messageOf = async (id: string) => ((await lab.backend.breakSession(id, 'message')).result as { text: string | null; error: string | null }[])[0]!;
const identityIn = (text: string) => (JSON.parse(text) as { signedIdentityKey: unknown }).signedIdentityKey;

beforeAll(async () => {
  lab = new Lab({ project: 'e2e-baileys', services: ['redis', 'whaticket-backend'] });
  await lab.up();
  await Promise.all([BROKEN, WELL].map((id) => opened(lab, id)));
  await until('the first conversations', async () => (await lab.logs('whaticket-backend')).split('message received').length > 4);
  await lab.redis.mset(FOREIGN);
  sidecar = new SidecarProcess(lab, { AUTO_FIX_COOLDOWN: '1s' });
  await sidecar.start();
  well = await stateOf(WELL);
});
afterAll(async () => {
  await sidecar?.stop();
  await lab?.down();
});

describe('a number whose Signal keys went bad', () => {
  test('loses messages until the sixth, then its keys are cleared and the login is kept', async () => {
    const login = creds();
    await lab.backend.breakSession(BROKEN, 'corrupt-session');
    const lost = (await lab.backend.breakSession(BROKEN, 'message', { count: 6 })).result as { text: string | null }[];
    expect(lost.map(({ text }) => text)).toEqual(Array.from({ length: 6 }, () => null));
    await sidecar.says(/\] 26: 6 corruption hits in 5m \(.*\); probe healthy; repair$/);
    await sidecar.says(/\] 26: fixed by repair/);
    expect(identityIn(creds())).toEqual(identityIn(login));
    expect(await lab.backend.session(BROKEN)).toMatchObject({ status: 'OPENED', starts: 2 });
  });

  test('reads the next message again', async () => {
    expect(await messageOf(BROKEN)).toMatchObject({ text: 'hello', error: null });
  });

  test('was the only one that was touched, in files and in Redis', async () => {
    expect(await stateOf(WELL)).toEqual(well);
    expect((await lab.backend.session(WELL)).starts).toBe(1);
    expect(Object.fromEntries(await Promise.all(Object.keys(FOREIGN).map(async (key) => [key, await lab.redis.get(key)])))).toEqual(FOREIGN);
  });
});

describe('a reset, and the way back', () => {
  let before: State;
  let lifeBefore: number;
  let backup: string;
  const EXPIRING = `sessions:${BROKEN}:sender-key-120363000000000099@g.us::1::0`;
  const lifeOf = () => lab.redis.pttl(EXPIRING);

  test('a reset by hand takes the login, and a QR scan is asked for where the operator looks', async () => {
    await fetch(`${lab.url('whaticket-backend')}/whatsapp/${BROKEN}/disconnect`, { method: 'PUT', headers: { authorization: `Bearer ${lab.secrets.backend}` } });
    makeOdd(join(lab.baileysFolderOf(BROKEN), 'creds.json'));
    await lab.redis.set(EXPIRING, '{}', 'EX', 30 * 24 * 3600);
    before = await stateOf(BROKEN);
    lifeBefore = await lifeOf();
    const mark = sidecar.mark();
    const { code, stdout } = await sidecar.command(['fix', BROKEN, '--rung', 'reset', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: { session: BROKEN, rung: 'reset', result: 'needs-qr' } });
    expect(code).toBe(1);
    expect(sidecar.log(mark)).toMatch(/\] ALERT 26: needs a QR scan after reset: /);
    expect((await lab.backend.session(BROKEN)).status).toBe('qrcode');
    expect(readdirSync(lab.baileysFolderOf(BROKEN))).toEqual([]);
    expect(await lab.snapshotKeys(BROKEN)).toEqual({});
  });

  test('left its backup in the list', async () => {
    const { stdout } = await sidecar.command(['backups', BROKEN, '--json']);
    const newest = (JSON.parse(stdout) as { id: string }[])[0]!;
    expect(newest).toMatchObject({ keys: Object.keys(before.keys).length, reason: 'asked for by hand; probe closed; reset' });
    backup = newest.id;
  });

  test('restore brings back every byte, mode, owner and time, and every key with what it has left to live', async () => {
    const { seen, ran } = await restoreAndLook(sidecar, lab.backend, '/start-session', backup, async () => ({ ...(await stateOf(BROKEN)), life: await lifeOf() }));
    expectSameTree(seen.tree, before.tree);
    expect(seen.keys).toEqual(before.keys);
    expect(seen.life).toBeGreaterThan(0);
    expect(seen.life).toBeLessThanOrEqual(lifeBefore);
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('"result":"fixed"') });
    const keys = Object.keys(before.keys).length;
    expect(ran.stderr).toMatch(new RegExp(`26: the backup is whole \\(\\d+ files, ${keys} Redis keys`));
    expect(ran.stderr).toMatch(new RegExp(`then \\d+ files are written, ${keys} keys put back`));
    expect(await messageOf(BROKEN)).toMatchObject({ text: 'hello', error: null });
  });

  test('the other number was never touched', async () => {
    expect(await stateOf(WELL)).toEqual(well);
    expect((await lab.backend.session(WELL)).starts).toBe(1);
    await sidecar.stop();
    for (const secret of Object.values(lab.secrets)) expect(sidecar.log() + sidecar.stdout).not.toContain(secret);
    expect(sidecar.log() + sidecar.stdout).not.toMatch(/5511900\d+/);
  });
});

test('a repair after which messages still cannot be decrypted is not called fixed, though the status says OPENED', async () => {
  await sidecar.stop();
  sidecar = new SidecarProcess(lab, { AUTO_FIX_COOLDOWN: '1s', AUTO_FIX_SETTLE: '6s' });
  await sidecar.start();
  await lab.backend.breakSession('27', 'never-heal');
  await lab.backend.breakSession('27', 'corrupt-session');
  const mark = sidecar.mark();
  let sending = true;
  const messages = (async () => {
    while (sending) await lab.backend.breakSession('27', 'message').catch(() => undefined).then(() => new Promise((resolve) => setTimeout(resolve, 200)));
  })();
  const { code } = await sidecar.command(['fix', '27', '--rung', 'repair']);
  sending = false;
  await messages;
  expect(code).toBe(1);
  expect(await sidecar.says(/ALERT 27: rolled-back/, mark)).toContain('could not be decrypted');
});

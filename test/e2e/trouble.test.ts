import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Lab } from '../lab/lab.ts';
import { SidecarProcess } from './sidecar-process.ts';
import { APART_MS, connected, opened } from './waiting.ts';

const SHOP = 'Loja Um';
/** A port that nothing listens on: below those the system gives out, and reserved. */
const CLOSED_PORT = '127.0.0.1:1';

let lab: Lab;
let sidecar: SidecarProcess;
/** A sidecar with settings of its own; state and log are those of the one before, as when an operator edits `.env`. */
const startWith = async (env: Record<string, string>) => {
  sidecar = new SidecarProcess(lab, env);
  const mark = sidecar.mark();
  await sidecar.start();
  return mark;
};

beforeAll(async () => {
  lab = new Lab({ project: 'e2e-trouble', services: ['wppconnect-server', 'redis', 'whaticket-backend'], env: { LAB_WPP_SESSIONS: `${SHOP},Loja Dois` } });
  await lab.up();
  await Promise.all([connected(lab, SHOP), opened(lab, '26'), opened(lab, '27')]);
});
afterEach(() => sidecar?.stop());
afterAll(() => lab?.down());

describe('a wrong secret', () => {
  test('is told with the setting that mends it; a session that breaks meanwhile is not touched', async () => {
    const mark = await startWith({ WPPCONNECT_SECRET_KEY: 'not-the-secret' });
    expect(sidecar.log(mark)).toMatch(/the list of wppconnect cannot be had, .*: wppconnect-server rejects our secret \(400: .*\), so its sessions can be neither looked at nor repaired; set WPPCONNECT_SECRET_KEY to the one wppconnect-server uses/);
    await lab.wpp.breakSession(SHOP, 'crash-renderer');
    await lab.wpp.breakSession(SHOP, 'print', { name: 'session-unpaired', count: 6, everyMs: APART_MS });
    await sidecar.says(/\] Loja Um: 6 disconnect hits in 5m .*; not repaired: gateway-unreachable \(.*wppconnect-server rejects our secret/, mark);
    await sidecar.says('] ALERT a gateway does not answer', mark);
    expect(sidecar.log() + sidecar.stdout).not.toContain('not-the-secret');
    expect((await lab.wpp.session(SHOP)).starts).toBe(1);
  });

  test('loses nothing: with the right one the same six hits lead to the repair', async () => {
    const mark = await startWith({});
    await sidecar.says(/\] Loja Um: 6 disconnect hits in 5m .*; probe zombie; restart$/, mark);
    await sidecar.says('] Loja Um: fixed by restart', mark);
    expect((await lab.wpp.breakSession(SHOP, 'message')).result).toBe(true);
  });
});

test('a gateway that is down is told with its address; check says that it could not look', async () => {
  const mark = await startWith({ WPPCONNECT_URL: `http://${CLOSED_PORT}` });
  expect(sidecar.log(mark)).toMatch(/wppconnect-server refused the connection at 127\.0\.0\.1:1: its container is not up or it listens on another port, .*; start the container or correct WPPCONNECT_URL/);
  const { code, stdout } = await sidecar.command(['check', SHOP]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: expect.stringContaining('wppconnect-server refused the connection') });
  const status = await sidecar.command(['status']);
  expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/note +wppconnect: wppconnect-server refused the connection/) });
});

test('with Redis down no key and no file of a number is deleted, and it runs on', async () => {
  const before = { tree: Object.keys(lab.snapshot(lab.baileysFolderOf('26'))), keys: Object.keys(await lab.snapshotKeys('26')) };
  const mark = await startWith({ REDIS_URL: `redis://${CLOSED_PORT}` });
  await sidecar.says(/Redis cannot be reached \(.*\); repairs that need it are refused until it answers; check REDIS_URL/, mark);
  const { code, stdout } = await sidecar.command(['fix', '26', '--rung', 'repair']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/^26: not repaired: backup-impossible: .*Redis.*; the session was started again/) });
  await sidecar.says('] ALERT 26: not repaired: backup-impossible', mark);
  await opened(lab, '26');
  expect(Object.keys(lab.snapshot(lab.baileysFolderOf('26')))).toEqual(before.tree);
  expect(Object.keys(await lab.snapshotKeys('26'))).toEqual(before.keys);
});

describe('a session folder that cannot be read', () => {
  let server: Server | null = null;
  afterEach(() => server?.close());

  test('for something in it that no backup can hold: it is named, nothing is deleted, the number runs on', async () => {
    const mark = await startWith({});
    const odd = join(lab.baileysFolderOf('26'), 'left-over.sock');
    server = createServer().listen(odd);
    const { code, stdout } = await sidecar.command(['fix', '26', '--rung', 'reset']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/^26: not repaired: backup-impossible: .*left-over\.sock is a socket, pipe or device, which no backup can hold.*; the session was started again/) });
    await sidecar.says('] ALERT 26: not repaired: backup-impossible', mark);
    await opened(lab, '26');
    expect((await lab.backend.breakSession('26', 'message')).result).toMatchObject([{ text: 'hello' }]);
    rmSync(odd);
  });

  test('for its settings, that name no folder: they are quoted, and a session that lives there is not touched', async () => {
    const file = join(lab.data, 'a file');
    writeFileSync(file, '');
    const before = Object.keys(lab.snapshot(lab.profileOf(SHOP)));
    const mark = await startWith({ WPPCONNECT_USER_DATA_DIR: file, BAILEYS_SESSIONS_DIR: file });
    for (const store of ['chromium-profile', 'baileys-files']) expect(sidecar.log(mark)).toMatch(new RegExp(`the list of ${store} cannot be had, .*a file cannot be read \\(ENOTDIR\\), so the session cannot be backed up or repaired`));
    for (const session of [SHOP, '27']) {
      const { code, stdout } = await sidecar.command(['fix', session, '--rung', 'reset']);
      expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(new RegExp(`^${session}: not repaired: backup-impossible: .*a file.* cannot be read \\(ENOTDIR\\)`)) });
    }
    await Promise.all([connected(lab, SHOP), opened(lab, '27')]);
    expect(Object.keys(lab.snapshot(lab.profileOf(SHOP)))).toEqual(before);
  });
});

test.each([
  [{ AUTO_FIX_MAX_HITS: 'many' }, /AUTO_FIX_MAX_HITS.*many.*expected a whole number from 1 to 10000/],
  [{ AUTO_FIX_WINDOW: 'five minutes' }, /AUTO_FIX_WINDOW.*five minutes.*expected a duration such as 90s, 5m, 1h/],
  [{ WPPCONNECT_URL: 'wppconnect-server:21465' }, /WPPCONNECT_URL.*expected an address such as http:\/\/name:port/],
])('a bad setting %j stops the start with one line', async (env, words) => {
  const { code, stdout, stderr } = await new SidecarProcess(lab).command(['run'], env);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(words)]);
});

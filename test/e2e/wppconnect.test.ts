import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until, type SessionView } from '../lab/control.ts';
import { Lab } from '../lab/lab.ts';
import type { TreeSnapshot } from '../lab/snapshot.ts';
import { SidecarProcess } from './sidecar-process.ts';
import { APART_MS, closeByHand, connected, expectSameTree, makeOdd, restoreAndLook, withoutDisposable } from './waiting.ts';

const [BROKEN, WELL, THIRD] = ['ImobSites', 'Pixel12 Digital', 'Loja Tres'] as const;
/** Those of the user's slow loop, none of which is worth a probe by itself. */
const LOOP = ['session-unpaired', 'auto-close', 'qr-read-error', 'phone-not-connected', 'qr-read-fail'];

let lab: Lab;
let sidecar: SidecarProcess;
let wellBefore: { tree: TreeSnapshot; view: SessionView };
const wellNow = async () => ({ tree: lab.snapshot(lab.profileOf(WELL)), view: await lab.wpp.session(WELL) });

beforeAll(async () => {
  lab = new Lab({ project: 'e2e-wpp', services: ['wppconnect-server', 'gateway-wrapper'], env: { LAB_WPP_SESSIONS: `${BROKEN},${WELL},${THIRD}`, LAB_PATIENCE_MS: '3000' } });
  await lab.up();
  await Promise.all([BROKEN, WELL, THIRD].map((session) => connected(lab, session)));
  sidecar = new SidecarProcess(lab);
  await sidecar.start();
  wellBefore = await wellNow();
});
afterAll(async () => {
  await sidecar?.stop();
  await lab?.down();
});

describe('a session whose page died, and that prints trouble', () => {
  test('is left alone after five hits', async () => {
    await lab.wpp.breakSession(BROKEN, 'crash-renderer');
    for (const name of LOOP) {
      await lab.wpp.breakSession(BROKEN, 'print', { name });
      const printed = LOOP.indexOf(name) + 1;
      await until(`hit ${printed} to be counted`, async () => (await sidecar.hits(BROKEN)).disconnect === printed);
      await new Promise((resolve) => setTimeout(resolve, APART_MS)); // the causes have to be apart in event time
    }
    const { stdout } = await sidecar.command(['status', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ incidents: [], alerts: [] });
    expect(sidecar.log()).not.toContain(`] ${BROKEN}: `);
    expect((await lab.wpp.session(BROKEN)).starts).toBe(1);
  });

  test('keeps its five hits, each once, over a stop and start of the sidecar', async () => {
    expect(await sidecar.stop()).toBe(0);
    expect(sidecar.log()).toMatch(/\] stopped\n$/);
    await sidecar.start();
    expect(await sidecar.hits(BROKEN)).toEqual({ corruption: 0, disconnect: 5 });
  });

  test('is restarted at the sixth, and works', async () => {
    const token = readFileSync(lab.tokenFileOf(BROKEN));
    await lab.wpp.breakSession(BROKEN, 'print', { name: 'session-unpaired' });
    await sidecar.says(/\] ImobSites: 6 disconnect hits in 5m \(.*session-unpaired 2.*\); probe zombie; restart$/);
    await sidecar.says(/\] ImobSites: fixed by restart in \d+\.\d s: status CONNECTED, check-connection answered/);
    expect(await lab.wpp.session(BROKEN)).toMatchObject({ status: 'CONNECTED', starts: 2 });
    expect((await lab.wpp.breakSession(BROKEN, 'message')).result).toBe(true);
    expect(readFileSync(lab.tokenFileOf(BROKEN))).toEqual(token);
    expect(await sidecar.hits(BROKEN)).toEqual({ corruption: 0, disconnect: 0 });
  });

  test('was the only one that was touched', async () => {
    expect(await wellNow()).toEqual(wellBefore);
    const calls = await lab.wpp.calls();
    expect(Object.keys(calls).filter((call) => /close|start|logout|clear|backup|restore|unhealthy/.test(call)).toSorted()).toEqual([`POST /api/${BROKEN}/close-session`, `POST /api/${BROKEN}/start-session`]);
  });
});

test('a browser that died prints one line, and one is enough', async () => {
  await lab.wpp.breakSession(THIRD, 'kill-browser');
  await sidecar.says(/\] Loja Tres: 1 disconnect hit in 5m \(.*\); probe zombie; restart$/);
  await sidecar.says(/\] Loja Tres: fixed by restart/);
  expect((await lab.wpp.breakSession(THIRD, 'message')).result).toBe(true);
  expect(await wellNow()).toEqual(wellBefore);
});

describe('a profile that was reset', () => {
  let before: TreeSnapshot;
  let backup: string;

  test('shows a QR code, has kept its webhook, and says so', async () => {
    await closeByHand(lab, THIRD);
    makeOdd(join(lab.profileOf(THIRD), 'Default/Preferences'));
    symlinkSync('../gone', join(lab.profileOf(THIRD), 'Default/a link'));
    before = withoutDisposable(lab.snapshot(lab.profileOf(THIRD)));
    const token = readFileSync(lab.tokenFileOf(THIRD));
    const { stdout } = await sidecar.command(['fix', 'loja-tres', '--rung', 'reset', '--json']);
    const { outcome } = JSON.parse(stdout) as { outcome: { result: string; backup: string } };
    expect(outcome).toMatchObject({ result: 'needs-qr', rung: 'reset' });
    expect(sidecar.log()).toMatch(/\] ALERT Loja Tres: needs a QR scan after reset: .*auto-fix qr 'Loja Tres'/);
    expect(readFileSync(lab.tokenFileOf(THIRD))).toEqual(token);
    backup = outcome.backup.replace(/\.tar\.zst$/, '');
  });

  test('comes back with every byte, mode, owner, time and link, and needs no scan', async () => {
    const { seen, ran } = await restoreAndLook(sidecar, lab.wpp, '/start-session', backup, () => withoutDisposable(lab.snapshot(lab.profileOf(THIRD))));
    expectSameTree(seen, before);
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('"result":"fixed"') });
    expect((await lab.wpp.breakSession(THIRD, 'message')).result).toBe(true);
  });
});

test('the log reads as a story: a time, a name, what happened; and no secret in it or on stdout', async () => {
  await sidecar.stop();
  const lines = sidecar.log().trimEnd().split('\n');
  for (const line of lines) expect(line).toMatch(/^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] \S/);
  const story = lines.filter((line) => line.includes(` ${BROKEN}: `)).map((line) => line.replace(/^.*? ImobSites: /, ''));
  expect(story).toEqual([
    expect.stringMatching(/^6 disconnect hits/), expect.stringMatching(/^closed in/), expect.stringMatching(/^unlinked \d+ stale locks and cache files/),
    'started', expect.stringMatching(/^verified: /), expect.stringMatching(/^fixed by restart/),
  ]);
  for (const secret of Object.values(lab.secrets)) expect(sidecar.log() + sidecar.stdout).not.toContain(secret);
  expect(sidecar.stdout).toContain('"session":"ImobSites","msg":"started"');
});

describe('a recorded log of six hits', () => {
  const replay = async (firstAgoMs: number) => {
    const last = Date.parse('2026-02-09T10:05:00.000Z');
    const times = [firstAgoMs, 200_000, 150_000, 100_000, 50_000, 0].map((ago) => new Date(last - ago).toISOString().replace('Z', '000000Z'));
    const file = join(lab.data, `recorded-${firstAgoMs}.log`);
    writeFileSync(file, times.map((time) => `${time} info:     [loja1:client] Session Unpaired\n`).join(''));
    const { stdout, stderr } = await sidecar.command(['replay', `wppconnect-server=${file}`, '--sessions', 'loja1']);
    expect(stderr).toBe('');
    return stdout;
  };

  test('with the first exactly 300,000 ms old leads to nothing', async () => {
    expect(await replay(300_000)).toBe('');
  });

  test('with the first one millisecond younger leads to one decision', async () => {
    expect(JSON.parse(await replay(299_999))).toMatchObject({ at: expect.stringMatching(/^2026-02-09T10:05:00/), session: 'loja1', class: 'disconnect', count: 6, rung: 'restart', refused: null });
  });
});

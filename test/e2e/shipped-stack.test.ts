import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, testDocker, waitFor } from '../lab/engine.ts';
import { Lab } from '../lab/lab.ts';
import { connected, makeOdd, opened } from './waiting.ts';

const PROJECT = 'e2e-shipped';
const SHOP = 'Loja Um';
const SERVICE = 'auto-fix-sessions';

let lab: Lab;
const logFile = () => join(lab.data, 'logs/auto-fix-sessions.log');
const log = (): string => (existsSync(logFile()) ? readFileSync(logFile(), 'utf8') : '');
const says = (words: string | RegExp): Promise<unknown> =>
  waitFor(() => (typeof words === 'string' ? log().includes(words) : words.test(log())), `the log to say ${words}`).catch((error: Error) => {
    throw new Error(`${error.message}; it says:\n${log()}`);
  });
const sidecar = () => testDocker().getContainer(lab.containerOf(SERVICE)).inspect();
/** As an operator types it on the host. */
const autoFix = (...args: string[]) => lab.compose('exec', '-T', SERVICE, 'auto-fix', ...args);

beforeAll(async () => {
  // Nothing of the override is changed: what stands here an operator would write into .env.
  const names = ['wppconnect-server', 'gateway-wrapper', 'whaticket-backend'].map((service) => `${PROJECT}-${service}-1`);
  lab = new Lab({
    project: PROJECT, sidecar: true,
    env: { LAB_WPP_SESSIONS: `${SHOP},Loja Dois`, LAB_CHANNELS: `lojaum=${SHOP}`, AUTO_FIX_IMAGE: PROJECT, AUTO_FIX_CONTAINERS: names.join(','), AUTO_FIX_VERIFY_AFTER: '2s', AUTO_FIX_SETTLE: '1s' },
  });
  await lab.compose('build', SERVICE); // never an image that a cut-off run left behind
  await lab.up();
  await Promise.all([connected(lab, SHOP), connected(lab, 'Loja Dois'), opened(lab, '26'), opened(lab, '27')]);
});
afterAll(async () => {
  await lab?.down();
  await docker(['image', 'rm', PROJECT]);
});

describe('the shipped image and override file in a running stack', () => {
  test('watch it, and say how long that took', async () => {
    for (const service of ['wppconnect-server', 'gateway-wrapper', 'whaticket-backend'] as const) await says(`watching container ${lab.containerOf(service)}`);
    await says(/\] ready \d+\.\d s after the start of its process\n/);
    const answer = await fetch(`${lab.url(SERVICE)}/healthz`);
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({ status: 200, body: { ok: true, faults: [] } });
    await waitFor(async () => (await sidecar()).State.Health?.Status === 'healthy', 'the image\'s own health check to be green');
  });

  test('run with a read-only root and four rights over files', async () => {
    const { HostConfig } = await sidecar();
    expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges:true'], Privileged: false });
    expect((HostConfig.CapAdd as string[]).map((right) => right.replace(/^CAP_/, '')).toSorted()).toEqual(['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID']);
    expect((await docker(['exec', lab.containerOf(SERVICE), 'touch', '/app/x'])).code).not.toBe(0);
  });

  test('answer the operator\'s commands inside the container', async () => {
    const status = await autoFix('status');
    expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/^auto-fix-sessions [\d.]+, up since /) });
    for (const session of [SHOP, 'Loja Dois', '26', '27']) expect(status.stdout).toContain(session);
    expect(await autoFix('check', '--verbose')).toMatchObject({ code: 0, stdout: expect.stringMatching(/Loja Um +healthy +0\/0/) });
    expect(await autoFix('backups')).toMatchObject({ code: 0, stdout: expect.stringContaining('no backups') });
  });

  test('repair a browser session that died', async () => {
    await lab.wpp.breakSession(SHOP, 'kill-browser');
    await says(/\] Loja Um: 1 disconnect hit in 5m \(.*\); probe zombie; restart\n/);
    await says('] Loja Um: fixed by restart');
    expect((await lab.wpp.breakSession(SHOP, 'message')).result).toBe(true);
  });

  test('repair a number whose keys went bad, and keep owner and mode of its login', async () => {
    const creds = join(lab.baileysFolderOf('26'), 'creds.json');
    makeOdd(creds);
    await lab.backend.breakSession('26', 'corrupt-session');
    await lab.backend.breakSession('26', 'message', { count: 6 });
    await says(/\] 26: 6 corruption hits in 5m \(.*\); probe healthy; repair\n/);
    await says('] 26: fixed by repair');
    expect((await lab.backend.breakSession('26', 'message')).result).toMatchObject([{ text: 'hello' }]);
    expect(lab.snapshot(lab.baileysFolderOf('26'))['creds.json']).toMatch(/^file 100640 1234:4321 /);
  });

  test('put a backup back with owner and mode, through docker compose exec', async () => {
    const [backup] = JSON.parse((await autoFix('backups', '26', '--json')).stdout) as { id: string }[];
    const { code, stdout } = await autoFix('restore', backup!.id, '--yes');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^26: fixed by/) });
    expect(lab.snapshot(lab.baileysFolderOf('26'))['creds.json']).toMatch(/^file 100640 1234:4321 /);
    expect(existsSync(join(lab.data, 'auto-fix-backups', `${backup!.id}.tar.zst`))).toBe(true);
  });

  test('stop at once and in order, and touch nothing afterwards', async () => {
    await lab.compose('stop', SERVICE);
    const { State, RestartCount } = await sidecar();
    expect({ running: State.Running, code: State.ExitCode, restarts: RestartCount }).toEqual({ running: false, code: 0, restarts: 0 });
    expect(log()).toMatch(/\] stopped\n$/);
    for (const line of log().trimEnd().split('\n')) expect(line).toMatch(/^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] \S/);
    const told = log() + (await lab.logs(SERVICE));
    for (const secret of Object.values(lab.secrets)) expect(told).not.toContain(secret);
    expect(await lab.wpp.session('Loja Dois')).toMatchObject({ status: 'CONNECTED', starts: 1 });
    expect(await lab.backend.session('27')).toMatchObject({ status: 'OPENED', starts: 1 });
  });
});

import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectSidecar } from '../../sidecar/report/client.ts';
import { SOCKET_FILE } from '../../sidecar/report/http.ts';
import { Secret } from '../../sidecar/settings/secret.ts';
import { until } from '../lab/control.ts';
import { Lab } from '../lab/lab.ts';
import { committedTable, rowOf, tableOf, type FaultRow } from './faults-table.ts';
import { SidecarProcess } from './sidecar-process.ts';
import { closeByHand, connected } from './waiting.ts';

const SESSIONS = ['Killed', 'Frozen', 'Stuck', 'Locked', 'Unlinked', 'Closed', 'Quiet'] as const;
const rows: FaultRow[] = [];

let lab: Lab;
let sidecar: SidecarProcess;
const starts = async (session: string): Promise<number> => (await lab.wpp.session(session)).starts;

beforeAll(async () => {
  lab = new Lab({
    project: 'health-e2e', services: ['wppconnect-server', 'gateway-wrapper'],
    env: { LAB_WPP_SESSIONS: SESSIONS.join(','), LAB_CHANNELS: SESSIONS.map((name) => `${name.toLowerCase()}=${name}`).join(','), LAB_PATIENCE_MS: '3000' },
  });
  await lab.up();
  await Promise.all(SESSIONS.map((session) => connected(lab, session)));
  sidecar = new SidecarProcess(lab, { AUTO_FIX_HEALTH_EVERY: '2s', AUTO_FIX_SILENT_AFTER: '1h', AUTO_FIX_MASS_FAILURE: 'off', AUTO_FIX_COOLDOWN: '1s' });
  await sidecar.start();
  // One that was never seen to be connected is left alone when it is found closed.
  await until('every session to be seen connected', async () => (await statuses()).every(({ status, source }) => status === 'connected' && source === 'probe'), 60_000);
});
afterAll(async () => {
  await sidecar?.stop();
  await lab?.down();
});

async function statuses(): Promise<{ id: string; status: string; source: string; since: string | null }[]> {
  const { stdout } = await sidecar.command(['status', '--json']);
  return (JSON.parse(stdout) as { sessions: { id: string; status: string; source: string; since: string | null }[] }).sessions;
}
const statusOf = async (session: string): Promise<string> => (await statuses()).find(({ id }) => id === session)!.status;

test('a browser that died is found by its one line, and restarted', async () => {
  await lab.wpp.breakSession('Killed', 'kill-browser');
  await sidecar.says(/\] Killed: fixed by restart/);
  expect(await lab.wpp.session('Killed')).toMatchObject({ status: 'CONNECTED', starts: 2 });
  rows.push(rowOf('the browser was killed', sidecar.log(), 'Killed', [/; probe zombie; restart/, /^fixed by restart/]));
});

test('a frozen renderer prints nothing; three looks find it, and it is restarted', async () => {
  await lab.wpp.breakSession('Frozen', 'freeze-renderer');
  await sidecar.says(/\] Frozen: found zombie in 3 health rounds in a row .*; probe zombie; restart$/);
  await sidecar.says(/\] Frozen: fixed by restart/);
  expect(await lab.wpp.session('Frozen')).toMatchObject({ status: 'CONNECTED', starts: 2 });
  rows.push(rowOf('the renderer is frozen', sidecar.log(), 'Frozen', [/; probe zombie; restart/, /^fixed by restart/]));
});

test('a start that got stuck is given its time, then started anew', async () => {
  await lab.wpp.breakSession('Stuck', 'stick');
  await sidecar.says(/\] Stuck: .*; probe starting; restart$/);
  await sidecar.says(/\] Stuck: fixed by restart/);
  expect((await lab.wpp.session('Stuck')).status).toBe('CONNECTED');
  rows.push(rowOf('stuck while it initialises', sidecar.log(), 'Stuck', [/; probe starting; restart/, /^fixed by restart/]));
});

test('a lock that another host left is unlinked by a restart', async () => {
  await lab.wpp.breakSession('Locked', 'lock-elsewhere');
  await sidecar.says(/\] Locked: fixed by restart/);
  expect((await lab.wpp.session('Locked')).status).toBe('CONNECTED');
  rows.push(rowOf('the profile is locked by another host', sidecar.log(), 'Locked', [/; probe starting; restart/, /^fixed by restart/]));
});

test('an unlinked phone is nobody\'s to repair: a human is told, and shown the QR', async () => {
  const before = await starts('Unlinked');
  await lab.wpp.breakSession('Unlinked', 'unlink-phone');
  await sidecar.says(/\] ALERT Unlinked: unlinked on the phone; only a new QR scan brings it back/);
  const verdict = await until('it to be unpaired in the channel list', async () => [await statusOf('Unlinked')].find((status) => status === 'unpaired'));
  expect(await starts('Unlinked')).toBe(before);

  const asked = await until('a QR for whoever asks', async () => {
    const ran = await sidecar.command(['qr', 'Unlinked', '--out', `${lab.data}/unlinked.png`]);
    return ran.code === 0 ? ran : null;
  }, 60_000);
  expect(asked.stdout).toContain('unlinked.png written');
  await lab.wpp.breakSession('Unlinked', 'scan');
  await sidecar.says(/\] Unlinked: resolved after /);
  expect(await statusOf('Unlinked')).toBe('connected');
  expect(sidecar.log()).not.toMatch(/iVBOR|2@/);
  rows.push({ ...rowOf('unlinked on the phone', sidecar.log(), 'Unlinked', [/^ALERT unlinked on the phone/, /^somebody wants to scan its QR code/, /^resolved after/]), seen: 'its log says disconnectedMobile', verdict, done: 'nothing until a human asks for its QR code; then it is started' });
});

test('a session that somebody closes by the API is left closed, and that is told once', async () => {
  const before = await starts('Closed');
  await lab.wpp.forgetCalls();
  await closeByHand(lab, 'Closed');
  await sidecar.says(/\] Closed: closed \(status CLOSED\).*somebody asked for it/);
  expect(await statusOf('Closed')).toBe('disconnected');
  const ours = (await (await connectSidecar({ socket: join(sidecar.home, 'state', SOCKET_FILE), token: null }))!.channels(new Secret(lab.secrets.wrapper))).find(({ id }) => id === 'closed');
  expect(ours).toMatchObject({ status: 'disconnected', source: 'probe' });
  const theirs = (await (await fetch(`${lab.url('gateway-wrapper')}/api/channels`, { headers: { 'x-gateway-secret': lab.secrets.wrapper } })).json()) as { channels: { id: string; status: string }[] };
  expect(theirs.channels.find(({ id }) => id === 'closed')).toEqual({ id: 'closed', status: 'connected' });
  expect(await starts('Closed')).toBe(before);
  rows.push({ ...rowOf('closed by somebody through the API', sidecar.log(), 'Closed', [/somebody asked for it/]), verdict: 'closed' });
});

test('a gateway that is down makes no session sick, and is told with its likely cause', async () => {
  const mark = sidecar.mark();
  await lab.wpp.breakGateway({ kind: 'html-502' });
  await sidecar.says(/a proxy in front of wppconnect-server answers 502/, mark);
  await lab.wpp.breakGateway({ kind: 'none' });
  await sidecar.says(/can be asked about its sessions again|answers again/, mark);
  const told = sidecar.log(mark).split('\n').filter((line) => line.includes('answers 502'));
  expect(told.length).toBeLessThanOrEqual(2);
  expect(sidecar.log(mark)).not.toMatch(/; restart|; reset|; reconnect/);
  // Its list or a look meets it first; the cause is the same sentence.
  const row = rowOf('a proxy in front of the gateway says 502', sidecar.log(mark), '', [/answers 502/]);
  rows.push({ ...row, reads: row.reads.map((line) => line.replace(/^.*?(?=a proxy in front)/, '')), seen: 'looks that cannot be taken' });
});

test('a wrong secret is told as what it is, and nothing is done', async () => {
  await sidecar.stop();
  const mark = sidecar.mark();
  const wrong = new SidecarProcess(lab, { ...sidecar.env, WPPCONNECT_SECRET_KEY: 'not-the-secret' });
  await wrong.start();
  await wrong.says(/wppconnect-server rejects our secret/, mark);
  await wrong.stop();
  expect(wrong.log(mark)).not.toMatch(/not-the-secret|; restart|; reset|; reconnect/);
  rows.push({ ...rowOf('the secret is wrong', wrong.log(mark), '', [/rejects our secret/]), seen: 'looks that cannot be taken' });
});

test('a number that is quiet but healthy is looked at, and nothing is done', async () => {
  const before = await starts('Quiet');
  const quiet = new SidecarProcess(lab, { ...sidecar.env, AUTO_FIX_SILENT_AFTER: '1s' });
  const mark = quiet.mark();
  await quiet.start();
  await quiet.says(/\] Quiet: no sign of life for more than .*nothing is done$/, mark);
  await quiet.stop();
  expect(await starts('Quiet')).toBe(before);
  expect(quiet.log()).not.toMatch(/\] Quiet: .*; (restart|reset|reconnect)/);
  rows.push({ ...rowOf('quiet but healthy', quiet.log(mark), 'Quiet', [/nothing is done/]), seen: 'silence', verdict: 'healthy' });
});

test('docs/faults.md tells what was seen', () => {
  const seen = tableOf(rows);
  expect(seen).toBe(committedTable(seen));
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Finding } from '../../sidecar/doctor/finding.ts';
import { SidecarProcess } from '../e2e/sidecar-process.ts';
import { must } from '../lab/bring-up/shell.ts';
import { testSocket, waitFor } from '../lab/engine.ts';
import { Lab } from '../lab/lab.ts';

const SHOP = 'ImobSites';

/** A whole stack on the real engine, and a sidecar beside it. */
describe('beside a running stack', () => {
  const lab = new Lab({ project: 'doctor-stack', services: ['wppconnect-server', 'gateway-wrapper', 'redis'] });
  let sidecar: SidecarProcess;
  beforeAll(async () => {
    await lab.up();
    await waitFor(async () => (await lab.wpp.session(SHOP)).status === 'CONNECTED', `${SHOP} to connect`);
    sidecar = new SidecarProcess(lab);
    await sidecar.start();
  });
  afterAll(async () => {
    await sidecar?.stop();
    await lab.down();
  });

  const findings = async (env: Record<string, string> = {}): Promise<Finding[]> => (JSON.parse((await sidecar.command(['doctor', '--json'], env)).stdout) as { findings: Finding[] }).findings;

  it('doctor finds the running sidecar, both gateways and every right it needs, and touches no session', async () => {
    const before = lab.snapshot(join(lab.data, 'wppconnect'));
    const found = await findings({ REDIS_URL: '' });
    const says = found.filter(({ verdict }) => verdict === 'ok').map((one) => `${one.check}: ${one.says}`).join('\n');
    expect(says).toMatch(/^socket: .* answers: ping, list, events, inspect and logs$/m);
    expect(says).toMatch(/^clock: the engine's clock and ours agree$/m);
    expect(says).toMatch(/^gateway: wppconnect-server answers .* lists 2 sessions$/m);
    expect(says).toMatch(/^gateway: gateway-wrapper answers .* lists 2 sessions$/m);
    expect(says).toMatch(/^sidecar: version .* runs since/m);
    expect(found.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
    expect(lab.snapshot(join(lab.data, 'wppconnect'))).toEqual(before);
  });

  it('doctor --compose prints a file that Compose accepts, alone and on top of the stack\'s own', async () => {
    const { stdout, code } = await sidecar.command(['doctor', '--compose'], { AUTO_FIX_CONTAINERS: [lab.containerOf('wppconnect-server'), lab.containerOf('gateway-wrapper')].join(',') });
    expect(code).toBe(0);
    const folder = mkdtempSync(join(tmpdir(), 'doctor-compose-'));
    try {
      const file = join(folder, 'printed.yml');
      writeFileSync(file, stdout);
      const env = { DOCKER_HOST: `unix://${testSocket()}` };
      const alone = await must('docker', ['compose', '-p', 'doctor-printed', '-f', file, 'config'], { env });
      expect(parse(alone.stdout)).toMatchObject({ services: { 'auto-fix-sessions': { environment: { WPPCONNECT_USER_DATA_DIR: '/usr/src/wpp-server/userDataDir' } } } });
      const together = await must('docker', ['compose', '-p', lab.stack.project, '--project-directory', lab.data, '-f', lab.stack.files[0]!, '-f', file, 'config'], { env: { ...env, ...lab.stack.env } });
      const merged = parse(together.stdout) as { services: Record<string, { networks: Record<string, unknown>; volumes: { source: string; target: string }[] }> };
      expect(Object.keys(merged.services['auto-fix-sessions']!.networks)).toEqual(Object.keys(merged.services['wppconnect-server']!.networks));
      expect(merged.services['auto-fix-sessions']!.volumes).toContainEqual(expect.objectContaining({ source: join(lab.data, 'wppconnect/userDataDir'), target: '/usr/src/wpp-server/userDataDir' }));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('trace follows one id through the real logs, why tells the hours, check is quiet', async () => {
    await lab.wpp.breakSession(SHOP, 'presence', { count: 3 });
    const event = await waitFor(async () => /"sessionId":"ImobSites","eventType":"\w+","correlationId":"([\w-]+)"/.exec(await lab.logs('gateway-wrapper')), 'an event');
    const traced = await sidecar.command(['trace', event[1]!, '--since', '1h']);
    expect(traced.code).toBe(0);
    expect(traced.stdout.trim().split('\n').length).toBeGreaterThan(1);
    const story = await sidecar.command(['why', 'imobsites', '--since', '2h']);
    expect(story.stdout).toMatch(/EVENTS PER HOUR\nHOUR .*onpresencechanged/);
    expect(story.stdout).toMatch(/recovery: started-session|recovery: \S+/);
    expect(await sidecar.command(['check', SHOP])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await sidecar.command(['stats'])).stdout).toMatch(/^sessions +2, looked at \d+ times$/m);
  });

  it('tells once that webhooks do not reach the Hub, and once that they do again; no session is touched for it', async () => {
    const starts = (await lab.wpp.session(SHOP)).starts;
    await lab.wrapper.send('POST', 'settings', { hubDown: true });
    await lab.wpp.breakSession(SHOP, 'presence', { count: 9 });
    await sidecar.says('cannot deliver webhooks');
    await lab.wrapper.send('POST', 'settings', { hubDown: false });
    await lab.wpp.breakSession(SHOP, 'presence', { count: 3 });
    await sidecar.says('deliveries succeed again');
    expect(sidecar.log().split('\n').filter((line) => line.includes('cannot deliver webhooks'))).toHaveLength(1);
    expect((await lab.wpp.session(SHOP)).starts).toBe(starts);
  });
});

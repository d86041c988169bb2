import { describe, expect, it } from 'vitest';
import { sidecarWith } from '../commands/sidecar.ts';
import { json, page, serve } from '../gateways/server.ts';
import { SECRET, wppconnectServer } from '../gateways/wppconnect-server.ts';
import { fakeHouse } from '../report/fake-house.ts';
import { command, SHOP, wellSetUp } from './newcomer.ts';

const at = (minutesAgo: number): string => new Date(Date.now() - minutesAgo * 60_000).toISOString().replace('Z', '000000Z');
const message = (minutesAgo: number): string => `${at(minutesAgo)} {"level":"info","message":"Received webhook event from WPPConnect","sessionId":"${SHOP}","eventType":"onmessage"}`;

describe('auto-fix check in a cron', () => {
  it('prints nothing and ends with 0 when all is well', async () => {
    expect(await command('check', (await wellSetUp()).env)).toEqual({ code: 0, out: '', err: '' });
  });

  it('prints when asked to, in words or as JSON', async () => {
    const { env } = await wellSetUp();
    expect((await command('check', env, [], { verbose: true })).out).toMatch(/ImobSites +healthy +0\/0/);
    expect(JSON.parse((await command('check', env, [], { json: true })).out)).toMatchObject([{ session: SHOP, quiet: null, overThreshold: false }]);
  });

  it('prints when something is wrong', async () => {
    const { env } = await wellSetUp();
    const closed = await wppconnectServer({}, { [SHOP]: 'CLOSED' });
    expect(await command('check', { ...env, WPPCONNECT_URL: closed.url })).toMatchObject({ code: 1, out: expect.stringMatching(/ImobSites +closed/) });
  });

  it('could not look where one of two gateways does not answer, whatever the other says', async () => {
    const { env } = await wellSetUp();
    const wrapper = await serve((_, response) => json(response, 200, { success: true, channels: [{ id: SHOP, status: 'connected' }], channel: { id: SHOP, name: SHOP, status: 'connected' } }));
    const proxied = await serve((_, response) => page(response, 502));
    const { code, err } = await command('check', { ...env, WPPCONNECT_URL: proxied.url, WPP_GATEWAY_BASE_URL: wrapper.url, WPP_GATEWAY_SECRET: 'front' });
    expect(code).toBe(2);
    expect(err).toContain('a proxy in front of wppconnect-server answers 502');
  });

  it('says one thing about a missing Docker socket, and only when it prints at all', async () => {
    const env = { DOCKER_HOST: 'unix:///nowhere.sock', WPPCONNECT_URL: (await wppconnectServer({}, { [SHOP]: 'CONNECTED' })).url, WPPCONNECT_SECRET_KEY: SECRET };
    expect(await command('check', env)).toEqual({ code: 0, out: '', err: '' });
    const { code, err, out } = await command('check', env, [], { verbose: true });
    expect(code).toBe(0);
    expect(out).toMatch(/ImobSites +healthy/);
    expect(err).toMatch(/^note: hits are not counted, the gateway alone was asked: .*\n$/);
  });
});

describe('auto-fix check beside a running sidecar', () => {
  const closes = Array.from({ length: 6 }, (_, n) => `${at(4 - n / 2)} verbose:  [${SHOP}:page] Page Closed`);

  it('counts what the log holds when none runs', async () => {
    const { env } = await wellSetUp([{ log: closes }]);
    expect(await command('check', env)).toMatchObject({ code: 1, out: expect.stringMatching(/ImobSites +healthy +0\/6/) });
  });

  it('calls a session well whose hits a repair has cleared', async () => {
    const { env } = await wellSetUp([{ log: closes }]);
    const [blue] = await fakeHouse().house.sessions();
    const beside = await sidecarWith({ sessions: () => [{ ...blue!, id: SHOP, hits: { corruption: 0, disconnect: 0 } }] });
    expect(await command('check', { ...env, ...beside })).toEqual({ code: 0, out: '', err: '' });
    // Its counts stand also where this command cannot read the logs itself.
    expect((await command('check', { ...env, ...beside, DOCKER_HOST: 'unix:///nowhere.sock' }, [], { verbose: true })).err).toBe('');
  });
});

describe('auto-fix check --silent-hours', () => {
  it('shows a session without a sign of life as quiet, looks at it, and calls nothing wrong', async () => {
    const { env } = await wellSetUp([{ log: [message(180)] }]);
    const { code, out } = await command('check', env, [], { 'silent-hours': '2' });
    expect(code).toBe(0);
    expect(out).toMatch(/ImobSites +healthy .*quiet for more than 2 h; status CONNECTED/);
  });

  it('shows nothing of a session that spoke in that time', async () => {
    const { env } = await wellSetUp([{ log: [message(180), message(30)] }]);
    expect(await command('check', env, [], { 'silent-hours': '2' })).toEqual({ code: 0, out: '', err: '' });
  });

  it('asks a quiet session\'s gateway for nothing that changes anything', async () => {
    const { env } = await wellSetUp([{ log: [] }]);
    const asked: string[] = [];
    const server = await wppconnectServer({ 'start-session': (_, response) => { asked.push('start'); json(response, 200, {}); }, 'close-session': (_, response) => { asked.push('close'); json(response, 200, {}); } }, { [SHOP]: 'CLOSED' });
    await command('check', { ...env, WPPCONNECT_URL: server.url }, [], { 'silent-hours': '2' });
    expect(asked).toEqual([]);
    expect(server.calls.length).toBeGreaterThan(0);
  });

  it.each(['zero', '0', '-1', '1000'])('refuses %s hours', async (hours) => {
    await expect(command('check', (await wellSetUp()).env, [], { 'silent-hours': hours })).rejects.toThrow('expected a number of hours');
  });
});

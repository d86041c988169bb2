import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { HARDENING } from '../../sidecar/doctor/compose-file.ts';
import type { EngineFaults, Shown } from './fake-engine.ts';
import { command, wellSetUp } from './newcomer.ts';

interface Printed {
  services: Record<string, { volumes: string[]; networks?: string[]; network_mode?: string; environment: Record<string, string> }>;
  networks?: Record<string, unknown>;
  volumes: Record<string, unknown>;
}

const PROFILES = '/usr/src/wpp-server/userDataDir';
const bind = (Source: string, Destination: string) => ({ Type: 'bind' as const, Source, Destination, RW: true });

async function printed(containers: readonly Partial<Shown>[], faults: EngineFaults = {}): Promise<{ file: Printed; ours: Printed['services'][string]; text: string }> {
  const { env } = await wellSetUp(containers, faults);
  const { out, code } = await command('doctor', { ...env, AUTO_FIX_CONTAINERS: 'wppconnect-server,gateway-wrapper,backend' }, [], { compose: true });
  expect(code).toBe(0);
  const file = parse(out) as Printed;
  return { file, ours: file.services['auto-fix-sessions']!, text: out };
}

describe('doctor --compose', () => {
  it('takes over the bind mounts of the sessions, and nothing else of the stack', async () => {
    const { ours } = await printed([{ mounts: [bind('/opt/gw/userDataDir', PROFILES), bind('/opt/gw/tokens', '/usr/src/wpp-server/tokens'), bind('/opt/gw/.env', '/usr/src/wpp-server/.env')] }]);
    expect(ours.volumes).toContain(`/opt/gw/userDataDir:${PROFILES}`);
    expect(ours.volumes).not.toContainEqual(expect.stringContaining('.env'));
    expect(ours.environment).toMatchObject({ WPPCONNECT_URL: 'http://wppconnect-server:21465', WPPCONNECT_USER_DATA_DIR: PROFILES, WPPCONNECT_TOKENS_DIR: '/usr/src/wpp-server/tokens' });
  });

  it('lets every setting of the README\'s table through from .env', async () => {
    const { ours } = await printed([{}]);
    for (const name of ['AUTO_FIX_MAX_HITS', 'AUTO_FIX_COOLDOWN', 'AUTO_FIX_DRY_RUN', 'AUTO_FIX_LADDER_CORRUPTION', 'AUTO_FIX_BACKUP_MAX_DAYS', 'AUTO_FIX_TOKEN']) {
      expect(ours.environment).toHaveProperty(name, `\${${name}:-}`);
    }
    for (const settled of ['AUTO_FIX_STATE_DIR', 'AUTO_FIX_HTTP', 'AUTO_FIX_CONFIG']) expect(ours.environment).not.toHaveProperty(settled);
  });

  it('names volumes and networks as the stack\'s own file does, and foreign ones in full', async () => {
    const own = { 'com.docker.compose.project': 'stack' };
    const { file, ours } = await printed(
      [{ networks: ['stack_inner', 'proxy'], mounts: [{ Type: 'volume', Name: 'stack_profiles', Source: '/var/lib/docker/volumes/x', Destination: PROFILES, RW: true }] }],
      { labels: { stack_inner: { ...own, 'com.docker.compose.network': 'inner' }, stack_profiles: { ...own, 'com.docker.compose.volume': 'profiles' } } },
    );
    expect(ours.networks).toEqual(['inner', 'its-proxy']);
    expect(file.networks).toEqual({ inner: null, 'its-proxy': { name: 'proxy', external: true } });
    expect(ours.volumes).toContain(`profiles:${PROFILES}`);
    expect(file.volumes).toEqual({ 'auto-fix-state': null, profiles: null });
  });

  it('knows wrapper, backend and Redis, and prints no secret of theirs', async () => {
    const { ours, text } = await printed([
      { env: ['SECRET_KEY=very-secret'], mounts: [bind('/opt/gw/userDataDir', PROFILES)] },
      { name: 'w', service: 'gateway-wrapper', env: ['GATEWAY_SECRET=very-secret', 'PORT=3100'] },
      { name: 'b', service: 'backend', mounts: [bind('/opt/b/private', '/app/private')] },
      { name: 'r', service: 'cache', image: 'redis:7' },
    ]);
    expect(ours.environment).toMatchObject({
      WPP_GATEWAY_BASE_URL: 'http://gateway-wrapper:3100', BACKEND_URL: 'http://backend:8080', BAILEYS_SESSIONS_DIR: '/app/private/sessions', REDIS_URL: '${REDIS_URL:-redis://cache:6379}',
    });
    expect(text).not.toContain('very-secret');
  });

  it('uses the host\'s network where the stack does', async () => {
    const { ours } = await printed([{ networks: ['host'] }]);
    expect(ours).toMatchObject({ network_mode: 'host', environment: { WPPCONNECT_URL: 'http://127.0.0.1:21465' } });
    expect(ours.networks).toBeUndefined();
  });

  it('says what must be changed by hand, at the top', async () => {
    expect((await printed([{}])).text).toMatch(/^# CHANGE THIS: wppconnect-server has no volume for its userDataDir/m);
    expect((await printed([{ networks: ['bridge'] }])).text).toMatch(/^# CHANGE THIS: the stack is on the default bridge/m);
  });

  it('says which of the names it was given are on no container, and guesses no network for them', async () => {
    expect((await printed([{}])).text).toMatch(/^# Not on this engine, and left out: gateway-wrapper, backend\./m);
    const { text, ours } = await printed([{ name: 'mailer', service: 'mailer', labels: { 'auto-fix.watch': 'true' } }]);
    expect(text).toMatch(/^# CHANGE THIS: none of the watched containers is a gateway that is known/m);
    expect(text).not.toContain('default bridge');
    expect(ours.networks).toEqual(['default']);
  });

  it('is as tight as the file that is shipped', () => {
    const shipped = parse(readFileSync(join(import.meta.dirname, '../../docker-compose.override.yml'), 'utf8')) as { services: Record<string, object> };
    expect(shipped.services['auto-fix-sessions']).toMatchObject(HARDENING);
  });

  it('says what it looked for where there is no stack', async () => {
    const { env } = await wellSetUp();
    await expect(command('doctor', { ...env, AUTO_FIX_CONTAINERS: 'nobody' }, [], { compose: true })).rejects.toThrow('no container or Compose service nobody is on this engine');
  });
});

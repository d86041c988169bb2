import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SETTINGS, type Setting } from '../../sidecar/settings/table.ts';

const file = readFileSync(join(import.meta.dirname, '../../docker-compose.override.yml'), 'utf8');
const service = (parse(file) as { services: Record<string, Record<string, unknown>> }).services['auto-fix-sessions']!;
const environment = service.environment as Record<string, string>;

/** Fixed by the image: the operator changes the mount, not the path inside. */
const OF_THE_IMAGE = [
  'AUTO_FIX_CONFIG', 'DOCKER_HOST', 'AUTO_FIX_PATTERNS_DIR', 'AUTO_FIX_STATE_DIR', 'AUTO_FIX_BACKUP_DIR', 'AUTO_FIX_LOG_FILE', 'AUTO_FIX_HTTP',
];
/** Read as WPP_GATEWAY_SECRET here. */
const UNDER_ANOTHER_NAME = ['GATEWAY_SECRET'];
/** Where the stack needs another value than the program alone. */
const OF_THE_STACK = ['WPPCONNECT_USER_DATA_DIR', 'WPPCONNECT_TOKENS_DIR', 'WPP_GATEWAY_BASE_URL'];

describe('docker-compose.override.yml', () => {
  it('offers every setting by its own name', () => {
    const wanted = Object.keys(SETTINGS).filter((name) => ![...OF_THE_IMAGE, ...UNDER_ANOTHER_NAME].includes(name));
    expect(Object.keys(environment).sort()).toEqual(wanted.sort());
    for (const [name, value] of Object.entries(environment)) expect(value).toMatch(new RegExp(`^\\$\\{${name}:?-`));
  });

  it('has the defaults of the program', () => {
    for (const [name, value] of Object.entries(environment)) {
      if (OF_THE_STACK.includes(name)) continue;
      const written = /^\$\{\w+:?-(.*)\}$/.exec(value)![1]!.replace(/^\$\{\w+:-(.*)\}$/, '$1');
      const { default: own } = SETTINGS[name as keyof typeof SETTINGS] as Setting<unknown>;
      expect([own ?? '', ''], name).toContain(written);
    }
  });

  it('drops every right but four over files, and lets nothing regain them', () => {
    expect(service).toMatchObject({
      cap_drop: ['ALL'],
      cap_add: ['DAC_OVERRIDE', 'CHOWN', 'FOWNER', 'FSETID'],
      security_opt: ['no-new-privileges:true'],
      read_only: true,
      tmpfs: ['/tmp'],
      mem_limit: '256m',
    });
    expect(service.privileged ?? service.user ?? service.network_mode).toBeUndefined();
  });

  it('leaves a repair the time to end, comes back by itself, and never watches itself', () => {
    expect(service).toMatchObject({ stop_grace_period: '60s', restart: 'unless-stopped', init: true, labels: { 'auto-fix.watch': 'false' } });
  });

  it('publishes its port on this host only', () => {
    expect(service.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
  });
});

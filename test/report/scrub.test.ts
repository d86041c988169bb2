import { describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, Secret } from '../../sidecar/config.ts';
import { VirtualClock } from '../../sidecar/clock.ts';
import { Alerts, type Notice } from '../../sidecar/report/alerts.ts';
import { AuditLog } from '../../sidecar/report/audit-log.ts';
import type { JsonOut } from '../../sidecar/report/json-out.ts';
import { scrubber } from '../../sidecar/report/scrub.ts';
import { KeptJson, tempFolder } from './helpers.ts';

const { config } = loadConfig({
  AUTO_FIX_TOKEN: 'tok-hidden-A1', AUTO_FIX_ALERT_WEBHOOK: 'https://hub.example/hidden-B2', WPPCONNECT_SECRET_KEY: 'hidden C3/+',
  WPP_GATEWAY_BASE_URL: 'http://w', WPP_GATEWAY_SECRET: 'hidden-D4', BACKEND_URL: 'http://b', BACKEND_TOKEN: 'hidden-E5', REDIS_URL: 'redis://:hidden-F6@redis:6379',
});
const SECRETS = [config.token, config.alertWebhook, config.wppconnect!.secret, config.wrapper!.secret, config.backend!.token, config.redis!.url];
/** What an error of a library or a gateway may quote. */
const LEAKY = [
  'POST http://wppconnect-server:21465/api/blue12/hidden%20C3%2F%2B/generate-token answered 500',
  'header X-Gateway-Secret hidden-D4 was refused', 'token hidden-E5', 'connect redis://:hidden-F6@redis:6379', 'tok-hidden-A1',
  'sent to https://hub.example/hidden-B2', 'the key is hidden C3/+', 'message from 5511900001234@c.us lost', '{"body":"see you at hidden cafe"}',
];

describe('no secret, number or message', () => {
  const clean = scrubber(SECRETS);

  it.each(LEAKY)('is left of: %s', (text) => {
    expect(clean(text)).not.toMatch(/hidden|5511900001234/);
  });

  it('reaches log, stdout, alerts or other channels', () => {
    const path = join(tempFolder(), 'a.log');
    const json = new KeptJson();
    const clock = new VirtualClock(0);
    const log = new AuditLog({ path, clock, clean, out: json as unknown as JsonOut });
    const notices: Notice[] = [];
    const alerts = new Alerts({ clock, log, clean, count: () => {}, notify: (notice) => notices.push(notice) });
    for (const text of LEAKY) {
      log.write({ level: 'info', message: text, details: { saw: text } });
      alerts.alert({ key: text, message: text });
    }
    const everything = readFileSync(path, 'utf8') + JSON.stringify([json.lines, notices.map(({ text }) => text), alerts.open()]);
    expect(everything).toContain('ALERT connect ');
    expect(everything).not.toMatch(/hidden|5511900001234/);
  });
});

describe('what is no secret', () => {
  it.each([
    '6 disconnect hits in 5m (browser-closed 3, qr-read-error 2, browser-running 1); probe zombie; restart',
    'backup verified: 812 files, 3.1 MB, 14 Redis keys -> pixel12digital/2026-02-09T10-14-03.120Z-repair.tar.zst',
    'the log file /app/logs/auto-fix-sessions.log cannot be written (EACCES)',
  ])('stays as it is: %s', (text) => {
    expect(scrubber(SECRETS)(text)).toBe(text);
  });

  it('is not blanked by a secret of one letter', () => {
    expect(scrubber([new Secret('a'), null])('a small cat')).toBe('a small cat');
  });
});

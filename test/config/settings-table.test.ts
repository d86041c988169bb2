import { describe, expect, it } from 'vitest';
import { settingRows, settingsMarkdown } from '../../sidecar/config.ts';
import { REFUSED } from '../../sidecar/settings/readers.ts';
import { SETTINGS, type Setting } from '../../sidecar/settings/table.ts';

/** The names users rely on; a name may be added here, none may go. */
const CONTRACT = `DOCKER_HOST AUTO_FIX_CONTAINERS AUTO_FIX_MAX_HITS AUTO_FIX_WINDOW AUTO_FIX_COOLDOWN AUTO_FIX_DRY_RUN
  AUTO_FIX_LADDER_CORRUPTION AUTO_FIX_LADDER_DISCONNECT AUTO_FIX_ESCALATE_WITHIN AUTO_FIX_VERIFY_AFTER AUTO_FIX_VERIFY_WITHIN AUTO_FIX_SETTLE AUTO_FIX_ALIASES
  AUTO_FIX_MASS_FAILURE AUTO_FIX_SILENT_AFTER AUTO_FIX_HEALTH_EVERY AUTO_FIX_LOG_FILE AUTO_FIX_STATE_DIR AUTO_FIX_BACKUP_DIR AUTO_FIX_BACKUP_KEEP AUTO_FIX_BACKUP_MAX_DAYS
  AUTO_FIX_PATTERNS_DIR AUTO_FIX_HTTP AUTO_FIX_TOKEN AUTO_FIX_ALERT_WEBHOOK AUTO_FIX_CONFIG WPPCONNECT_URL WPPCONNECT_SECRET_KEY
  WPPCONNECT_USER_DATA_DIR WPPCONNECT_TOKENS_DIR WPP_GATEWAY_BASE_URL WPP_GATEWAY_SECRET GATEWAY_SECRET BACKEND_URL BACKEND_TOKEN
  BAILEYS_SESSIONS_DIR REDIS_URL REDIS_SESSION_KEYS`.split(/\s+/);

describe('the table of settings', () => {
  it('holds every name of the contract', () => {
    expect(settingRows().map((row) => row.name)).toEqual(expect.arrayContaining(CONTRACT));
  });

  it('gives each a meaning in a sentence and a default in words', () => {
    for (const row of settingRows()) {
      expect(row.meaning, row.name).toMatch(/^.{15,}\.$/);
      expect(row.default, row.name).not.toBe('');
    }
  });

  it('has only defaults that would be accepted if they were written', () => {
    const written = (Object.entries(SETTINGS) as [string, Setting<unknown>][]).filter(([, s]) => s.default !== null);
    expect(written.filter(([, s]) => s.read(s.default!) === REFUSED).map(([name]) => name)).toEqual([]);
    expect(written.length).toBeGreaterThan(10);
  });

  it('is one row a setting in Markdown, safe inside a table', () => {
    const lines = settingsMarkdown().split('\n');
    expect(lines).toHaveLength(2 + Object.keys(SETTINGS).length);
    for (const line of lines) expect(line.match(/(?<!\\)\|/g), line).toHaveLength(4);
    expect(lines).toContain('| `AUTO_FIX_MAX_HITS` | `5` | More hits than this of one class for one session inside the window open an incident. |');
  });
});

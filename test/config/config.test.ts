import { describe, expect, it } from 'vitest';
import { inspect } from 'node:util';
import { ConfigError, loadConfig, parseDuration, type Place } from '../../sidecar/config.ts';
import { redact } from '../../sidecar/redact.ts';
import { SETTINGS } from '../../sidecar/settings/table.ts';

const checkout: Place = { cwd: '/srv/auto-fix', home: '/opt/auto-fix', exists: () => false };
const image: Place = { cwd: '/app', home: '/app', exists: (path) => path === '/var/lib/auto-fix' };
const load = (env: Record<string, string>, place: Place = checkout) => loadConfig(env, place);

function problemsOf(env: Record<string, string>, place: Place = checkout): readonly string[] {
  try {
    load(env, place);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('defaults', () => {
  it('has every default of the contract when nothing is set', () => {
    expect(load({}).config).toEqual({
      docker: { host: 'unix:///var/run/docker.sock' },
      watch: { containers: ['wppconnect-server', 'gateway-wrapper'] },
      detect: { maxHits: 5, windowMs: 300_000, patternsDir: '/opt/auto-fix/patterns' },
      decide: {
        cooldownMs: 900_000, dryRun: false, ladder: { corruption: null, disconnect: null },
        escalateWithinMs: 7_200_000, massFailure: 5, silentAfterMs: 14_400_000, healthEveryMs: 120_000,
      },
      repair: { verifyAfterMs: 60_000, verifyDeadlineMs: 120_000, settleMs: 10_000, backupDir: '/srv/auto-fix/backups', backupKeep: 5, backupMaxAgeMs: null },
      aliases: new Map(),
      logFile: '/srv/auto-fix/logs/auto-fix-sessions.log',
      stateDir: '/srv/auto-fix/state',
      http: { host: '0.0.0.0', port: 9465 },
      token: null, alertWebhook: null, wppconnect: null, wrapper: null, backend: null, redis: null,
    });
  });

  it('keeps state and backups in the folders of the image when it runs there', () => {
    const { config } = load({}, image);
    expect([config.stateDir, config.repair.backupDir]).toEqual(['/var/lib/auto-fix', '/var/lib/auto-fix/backups']);
  });

  it('takes an empty value for not set, as Compose writes it for an absent variable', () => {
    expect(load({ AUTO_FIX_WINDOW: '', AUTO_FIX_TOKEN: '  ', REDIS_URL: '' }).config).toEqual(load({}).config);
  });

  it('freezes all of it', () => {
    const { config } = load({ WPPCONNECT_SECRET_KEY: 'x' });
    expect([config, config.decide.ladder, config.watch.containers, config.wppconnect].every(Object.isFrozen)).toBe(true);
  });
});

describe('values', () => {
  it('reads every setting', () => {
    const { config } = load({
      DOCKER_HOST: 'tcp://proxy:2375', AUTO_FIX_CONTAINERS: 'wpp, wrapper ,wpp', AUTO_FIX_MAX_HITS: '7', AUTO_FIX_WINDOW: '90s',
      AUTO_FIX_PATTERNS_DIR: 'mine', AUTO_FIX_COOLDOWN: '0', AUTO_FIX_DRY_RUN: 'yes', AUTO_FIX_LADDER_CORRUPTION: 'reset',
      AUTO_FIX_LADDER_DISCONNECT: 'reconnect, restart', AUTO_FIX_ESCALATE_WITHIN: '1d', AUTO_FIX_MASS_FAILURE: 'off',
      AUTO_FIX_HEALTH_EVERY: 'off', AUTO_FIX_SILENT_AFTER: '1h30m', AUTO_FIX_VERIFY_AFTER: '500ms', AUTO_FIX_VERIFY_WITHIN: '90s', AUTO_FIX_SETTLE: '1s', AUTO_FIX_STATE_DIR: '/data', AUTO_FIX_BACKUP_DIR: '/backups',
      AUTO_FIX_BACKUP_KEEP: '9', AUTO_FIX_BACKUP_MAX_DAYS: '30', AUTO_FIX_LOG_FILE: '/var/log/a.log', AUTO_FIX_HTTP: '[::1]:8080', AUTO_FIX_TOKEN: 'a-token-that-is-long',
      AUTO_FIX_ALERT_WEBHOOK: 'https://hooks.example/x', AUTO_FIX_ALIASES: 'blue12=Blue 12,b=Blue 12',
      WPPCONNECT_SECRET_KEY: 'key', WPPCONNECT_USER_DATA_DIR: '/wpp/userDataDir', WPPCONNECT_TOKENS_DIR: '/wpp/tokens',
      WPP_GATEWAY_BASE_URL: 'http://gateway-wrapper:3000/', GATEWAY_SECRET: 'old', WPP_GATEWAY_SECRET: 'new',
      BACKEND_URL: 'http://backend:8080', BACKEND_TOKEN: 'jwt', BACKEND_ROUTES: 'ticketz', BAILEYS_SESSIONS_DIR: 'sessions',
      REDIS_URL: 'redis://:pass@redis:6379/2', REDIS_SESSION_KEYS: 'wa:{session}:*',
    });
    expect(config).toMatchObject({
      docker: { host: 'tcp://proxy:2375' }, watch: { containers: ['wpp', 'wrapper'] },
      detect: { maxHits: 7, windowMs: 90_000, patternsDir: '/srv/auto-fix/mine' },
      decide: {
        cooldownMs: 0, dryRun: true, ladder: { corruption: ['reset'], disconnect: ['reconnect', 'restart'] },
        escalateWithinMs: 86_400_000, massFailure: null, silentAfterMs: 5_400_000, healthEveryMs: null,
      },
      repair: { verifyAfterMs: 500, verifyDeadlineMs: 90_000, settleMs: 1_000, backupDir: '/backups', backupKeep: 9, backupMaxAgeMs: 2_592_000_000 },
      logFile: '/var/log/a.log', stateDir: '/data', http: { host: '::1', port: 8080 },
      wppconnect: { url: 'http://wppconnect-server:21465', userDataDir: '/wpp/userDataDir', tokensDir: '/wpp/tokens' },
      wrapper: { url: 'http://gateway-wrapper:3000' },
      backend: { url: 'http://backend:8080', routes: 'ticketz', sessionsDir: '/srv/auto-fix/sessions' },
      redis: { sessionKeys: 'wa:{session}:*' },
    });
    expect([...config.aliases]).toEqual([['blue12', 'Blue 12'], ['b', 'Blue 12']]);
    const revealed = [config.token, config.alertWebhook, config.wppconnect?.secret, config.wrapper?.secret, config.backend?.token, config.redis?.url];
    expect(revealed.map((s) => s?.reveal())).toEqual(['a-token-that-is-long', 'https://hooks.example/x', 'key', 'new', 'jwt', 'redis://:pass@redis:6379/2']);
  });

  it('uses a gateway exactly when it is configured', () => {
    expect(load({ WPPCONNECT_URL: 'http://wpp:21465' }).config.wppconnect?.url).toBe('http://wpp:21465');
    expect(load({ WPPCONNECT_USER_DATA_DIR: '/x' }).config.wppconnect).toBeNull();
    expect(load({ GATEWAY_SECRET: 'x' }).config.wrapper).toBeNull();
    expect(load({ WPP_GATEWAY_BASE_URL: 'http://w:3000', GATEWAY_SECRET: 'x' }).config.wrapper?.secret?.reveal()).toBe('x');
    expect(load({ REDIS_SESSION_KEYS: 's:{session}:*' }).config.redis).toBeNull();
  });

  it('turns the HTTP door off', () => {
    expect(load({ AUTO_FIX_HTTP: 'off' }).config.http).toBeNull();
    expect(load({ AUTO_FIX_HTTP: '9000' }).config.http).toEqual({ host: '0.0.0.0', port: 9000 });
  });

  it.each([['0', 0], ['500ms', 500], ['90s', 90_000], ['5m', 300_000], ['1h30m', 5_400_000], ['24d', 2_073_600_000]])('reads the duration %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '5', '5 m', '-5m', '1.5h', '5M', 'm5', '25d', '999999999d', '1e3s'])('reads no duration in %j', (text) => {
    expect(parseDuration(text)).toBeNull();
  });
});

/** Every setting that can be wrong, with a wrong value and the end of the sentence its operator reads. */
const WRONG: Record<string, [value: string, expected: string][]> = {
  DOCKER_HOST: [['/var/run/docker.sock', 'unix:///path, tcp://host:port or ssh://host'], ['tcp://', 'unix:///path']],
  AUTO_FIX_CONTAINERS: [['wpp server', 'a comma list of container or Compose service names'], [',,', 'a comma list']],
  AUTO_FIX_MAX_HITS: [['0', 'a whole number from 1 to 10000'], ['five', 'a whole number'], ['5.5', 'a whole number'], ['0x5', 'a whole number']],
  AUTO_FIX_WINDOW: [['5', 'a duration such as 90s, 5m, 1h or 1d, 24d at most'], ['0s', 'a duration'], ['30d', 'a duration']],
  AUTO_FIX_COOLDOWN: [['soon', 'a duration']],
  AUTO_FIX_DRY_RUN: [['maybe', 'true or false']],
  AUTO_FIX_LADDER_CORRUPTION: [['repair,wipe', 'a comma list of the rungs reconnect, restart, repair, reset'], ['reset,reset', 'a comma list']],
  AUTO_FIX_LADDER_DISCONNECT: [['Restart', 'a comma list of the rungs']],
  AUTO_FIX_ESCALATE_WITHIN: [['2 hours', 'a duration']],
  AUTO_FIX_VERIFY_AFTER: [['-1s', 'a duration']],
  AUTO_FIX_VERIFY_WITHIN: [['0s', 'a duration']],
  AUTO_FIX_SETTLE: [['soon', 'a duration']],
  AUTO_FIX_ALIASES: [['pixel', 'a comma list of alias=Session Name'], ['a=B,a=C', 'each alias once'], ['a=B:C', 'without colons']],
  AUTO_FIX_MASS_FAILURE: [['1', 'a whole number from 2 to 10000, or off']],
  AUTO_FIX_SILENT_AFTER: [['0', 'a duration']],
  AUTO_FIX_HEALTH_EVERY: [['0', 'or off'], ['100ms', 'from 1s']],
  AUTO_FIX_LOG_FILE: [['a\0b', 'the path of a file']],
  AUTO_FIX_STATE_DIR: [['a\0b', 'the path of a folder']],
  AUTO_FIX_BACKUP_DIR: [['a\0b', 'the path of a folder']],
  AUTO_FIX_BACKUP_KEEP: [['0', 'a whole number from 1 to 1000']],
  AUTO_FIX_BACKUP_MAX_DAYS: [['30d', 'a whole number of days from 1 to 3650, or off']],
  AUTO_FIX_PATTERNS_DIR: [['a\0b', 'the path of a folder']],
  AUTO_FIX_HTTP: [['0.0.0.0', 'host:port such as 0.0.0.0:9465, or off'], ['0.0.0.0:99999', 'host:port'], ['http://0.0.0.0:9465', 'host:port']],
  AUTO_FIX_ALERT_WEBHOOK: [['hooks.example/x', 'an http:// or https:// address']],
  WPPCONNECT_URL: [['wppconnect-server:21465', 'an address such as http://name:port'], ['http://me:pw@host', 'without user, password or query']],
  WPPCONNECT_USER_DATA_DIR: [['a\0b', 'the path of a folder']],
  WPPCONNECT_TOKENS_DIR: [['a\0b', 'the path of a folder']],
  WPP_GATEWAY_BASE_URL: [['https://', 'an address']],
  BACKEND_URL: [['ftp://backend', 'an address']],
  BACKEND_ROUTES: [['izing', 'script, whaticket or ticketz']],
  BAILEYS_SESSIONS_DIR: [['a\0b', 'the path of a folder']],
  REDIS_URL: [['redis:6379', 'redis://host:port'], ['http://redis', 'redis://host:port']],
  REDIS_SESSION_KEYS: [['sessions:*', 'literal text, {session}, a delimiter'], ['*{session}:*', 'literal text'], ['s:{session}*', 'a delimiter'], ['{session}:*', 'literal text']],
};
/** Any text is right for these. */
const NEVER_WRONG = ['AUTO_FIX_CONFIG', 'AUTO_FIX_TOKEN', 'WPPCONNECT_SECRET_KEY', 'WPP_GATEWAY_SECRET', 'GATEWAY_SECRET', 'BACKEND_TOKEN'];

describe('a wrong setting stops the start with one line', () => {
  it('is tried for every setting there is', () => {
    expect([...Object.keys(WRONG), ...NEVER_WRONG].sort()).toEqual(Object.keys(SETTINGS).sort());
  });

  const cases = Object.entries(WRONG).flatMap(([name, values]) => values.map(([value, expected]) => ({ name, value, expected })));
  it.each(cases)('$name=$value', ({ name, value, expected }) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}: .+ cannot be used; expected `));
    expect(problems[0]).toContain(expected);
    expect(problems[0]).not.toContain('\n');
    if ('secret' in SETTINGS[name as keyof typeof SETTINGS]) expect(problems[0]).not.toContain(value);
    else if (!value.includes('pw@')) expect(problems[0]).toContain(JSON.stringify(value));
  });

  it('reads as a sentence', () => {
    expect(problemsOf({ AUTO_FIX_WINDOW: '5 minutes' })).toEqual([
      'AUTO_FIX_WINDOW: "5 minutes" cannot be used; expected a duration such as 90s, 5m, 1h or 1d, 24d at most',
    ]);
  });

  it('tells all mistakes at once, a line each', () => {
    expect(problemsOf({ AUTO_FIX_WINDOW: 'x', AUTO_FIX_MAX_HITS: 'y' }).map((line) => line.split(':')[0])).toEqual(['AUTO_FIX_MAX_HITS', 'AUTO_FIX_WINDOW']);
  });

  it('shows no password of an address, and never a whole novel', () => {
    expect(problemsOf({ WPPCONNECT_URL: 'http://me:hunter2@host' })[0]).toContain('"http://***@host"');
    expect(problemsOf({ AUTO_FIX_MAX_HITS: 'x'.repeat(5_000) })[0]!.length).toBeLessThan(250);
    expect(problemsOf({ AUTO_FIX_MAX_HITS: '5\n[forged] line' })[0]).not.toContain('\n');
  });
});

describe('secrets', () => {
  it('are hidden in JSON, inspect and text', () => {
    const { config } = load({
      AUTO_FIX_TOKEN: 'hidden-1-hidden-1', AUTO_FIX_ALERT_WEBHOOK: 'https://h.example/hidden-2', WPPCONNECT_SECRET_KEY: 'hidden-3',
      WPP_GATEWAY_BASE_URL: 'http://w', WPP_GATEWAY_SECRET: 'hidden-4', BACKEND_URL: 'http://b', BACKEND_TOKEN: 'hidden-5', REDIS_URL: 'redis://:hidden-6@r',
    });
    const out = [JSON.stringify(config), inspect(config, { depth: 9, showHidden: true }), `${config.token} ${config.redis?.url}`].join('\n');
    expect(out).toContain('***');
    expect(out).not.toContain('hidden-');
  });

  it('compare whole values only', () => {
    const token = load({ AUTO_FIX_TOKEN: 'a-token-that-is-long' }).config.token!;
    expect(['a-token-that-is-long', 'a-token-that-is-lon', '', 'A-token-that-is-long'].map((text) => token.equals(text))).toEqual([true, false, false, false]);
  });
});

describe('the settings file', () => {
  const withFile = (text: string, env: Record<string, string> = {}) =>
    ({ env: { AUTO_FIX_CONFIG: '/etc/auto-fix.env', ...env }, place: { ...checkout, readFile: () => text } });

  it('sets what the environment does not', () => {
    const { env, place } = withFile('# ours\n\nexport AUTO_FIX_WINDOW=10m\r\nAUTO_FIX_MAX_HITS = "9"\nWPPCONNECT_SECRET_KEY=\'a=b#c\'\n', { AUTO_FIX_MAX_HITS: '3' });
    const { config } = load(env, place);
    expect([config.detect.windowMs, config.detect.maxHits, config.wppconnect?.secret?.reveal()]).toEqual([600_000, 3, 'a=b#c']);
  });

  it('names the line of a bad value and of a line that is no assignment, without showing it', () => {
    const { env, place } = withFile('AUTO_FIX_WINDOW=ten\nmy secret thoughts\n');
    expect(problemsOf(env, place)).toEqual([
      'AUTO_FIX_CONFIG: line 2 of "/etc/auto-fix.env" cannot be read; expected KEY=VALUE, or # before a comment',
      'AUTO_FIX_WINDOW (line 1 of /etc/auto-fix.env): "ten" cannot be used; expected a duration such as 90s, 5m, 1h or 1d, 24d at most',
    ]);
  });

  it('that is not there stops the start', () => {
    expect(problemsOf({ AUTO_FIX_CONFIG: '/nowhere/auto-fix.env' })).toEqual([
      'AUTO_FIX_CONFIG: "/nowhere/auto-fix.env" cannot be read (ENOENT); expected the path of a file with KEY=VALUE lines',
    ]);
  });
});

describe('warnings', () => {
  const warningsOf = (env: Record<string, string>, place: Place = checkout) => load({ WPPCONNECT_SECRET_KEY: 'x', ...env }, place).warnings;

  it('name the setting that was probably meant', () => {
    expect(warningsOf({ AUTO_FIX_MAXHITS: '5' })).toEqual(['"AUTO_FIX_MAXHITS" is no setting and does nothing; did you mean AUTO_FIX_MAX_HITS?']);
    expect(warningsOf({ AUTO_FIX_COFFEE_WITH_MILK: '5' })).toEqual(['"AUTO_FIX_COFFEE_WITH_MILK" is no setting and does nothing']);
    expect(warningsOf({ AUTO_FIX_CONFIG: '/f' }, { ...checkout, readFile: () => 'WPPCONECT_URL=http://x' })).toEqual([
      '"WPPCONECT_URL" (line 1 of /f) is no setting and does nothing; did you mean WPPCONNECT_URL?',
    ]);
  });

  it('are silent about foreign variables and the test runner', () => {
    expect(warningsOf({ PATH: '/bin', AUTO_FIX_TEST_DOCKER: 'x', __proto__: 'x', constructor: 'x' })).toEqual([]);
  });

  it.each([
    [{ WPPCONNECT_SECRET_KEY: '' }, 'no gateway is configured'],
    [{ WPPCONNECT_SECRET_KEY: '', WPPCONNECT_URL: 'http://w' }, 'without WPPCONNECT_SECRET_KEY'],
    [{ WPPCONNECT_USER_DATA_DIR: '/u' }, 'WPPCONNECT_TOKENS_DIR is not set'],
    [{ WPP_GATEWAY_BASE_URL: 'http://w' }, 'without WPP_GATEWAY_SECRET'],
    [{ BAILEYS_SESSIONS_DIR: '/b' }, 'does nothing without BACKEND_URL'],
    [{ AUTO_FIX_TOKEN: 'short' }, 'AUTO_FIX_TOKEN has fewer than 16 characters'],
  ] as [Record<string, string>, string][])('%j says: %s', (env, words) => {
    expect(warningsOf(env).join('\n')).toContain(words);
    // What hides secrets finds none in our own words.
    for (const warning of warningsOf(env)) expect(redact(warning)).toBe(warning);
  });
});

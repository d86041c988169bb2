import * as read from './readers.ts';
import type { Reader } from './readers.ts';

/** One environment variable: how it is read, what it means, and what to write when it was wrong. */
export interface Setting<T> {
  read: Reader<T>;
  /** As it would be written; null where nothing stands in for it. */
  default: string | null;
  /** The default in words where it depends on the place it runs in. */
  defaultInWords?: string;
  /** Ends the sentence "expected …". */
  expected: string;
  meaning: string;
  /** Its value is never printed. */
  secret?: true;
}

const setting = <T>(s: Setting<T>): Setting<T> => s;

const A_DURATION = 'a duration such as 90s, 5m, 1h or 1d, 24d at most';
const A_FOLDER = 'the path of a folder';
const A_URL = 'an address such as http://name:port, without user, password or query';
const RUNG_LIST = 'a comma list of the rungs reconnect, restart, repair, reset, each at most once';

const theEngine = {
  AUTO_FIX_CONFIG: setting({
    read: read.folder, default: null, expected: 'the path of a file with KEY=VALUE lines',
    meaning: 'File with more of these settings, one KEY=VALUE a line; the environment wins over it.',
  }),
  DOCKER_HOST: setting({
    read: read.dockerHost, default: 'unix:///var/run/docker.sock', expected: 'unix:///path, tcp://host:port or ssh://host',
    meaning: 'The Docker engine, or a socket proxy in front of it.',
  }),
  AUTO_FIX_CONTAINERS: setting({
    read: read.containerNames, default: 'wppconnect-server,gateway-wrapper', expected: 'a comma list of container or Compose service names',
    meaning: 'Whose logs are read: container names or Compose services. The label auto-fix.watch=true adds one.',
  }),
};

const theRules = {
  AUTO_FIX_MAX_HITS: setting({
    read: read.wholeNumber(1, 10_000), default: '5', expected: 'a whole number from 1 to 10000',
    meaning: 'More hits than this of one class for one session inside the window open an incident.',
  }),
  AUTO_FIX_WINDOW: setting({
    read: read.duration(1), default: '5m', expected: A_DURATION, meaning: 'The sliding window in which hits are counted.',
  }),
  AUTO_FIX_PATTERNS_DIR: setting({
    read: read.folder, default: null, defaultInWords: 'the patterns that come with it', expected: A_FOLDER,
    meaning: 'The YAML patterns that make a line a hit.',
  }),
  AUTO_FIX_ALIASES: setting({
    read: read.aliases, default: null, expected: 'a comma list of alias=Session Name, each alias once, without colons',
    meaning: 'Spellings nobody can guess: pixel12digital=Pixel12 Digital.',
  }),
  AUTO_FIX_COOLDOWN: setting({
    read: read.duration(0), default: '15m', expected: A_DURATION, meaning: 'Rest for a session after a repair ended, before the next may begin.',
  }),
  AUTO_FIX_DRY_RUN: setting({
    read: read.yesOrNo, default: 'false', expected: 'true or false', meaning: 'Decide everything, say it, do nothing.',
  }),
  AUTO_FIX_LADDER_CORRUPTION: setting({
    read: read.rungs, default: null, defaultInWords: 'repair,reset', expected: RUNG_LIST,
    meaning: 'Remedies for corrupted keys, in order. `reset` alone is the plain way: back up, clear, start.',
  }),
  AUTO_FIX_LADDER_DISCONNECT: setting({
    read: read.rungs, default: null, defaultInWords: 'reconnect,restart,reset', expected: RUNG_LIST,
    meaning: 'Remedies for a lost connection, in order.',
  }),
  AUTO_FIX_ESCALATE_WITHIN: setting({
    read: read.duration(0), default: '2h', expected: A_DURATION, meaning: 'The same fault again within this time takes the next rung.',
  }),
  AUTO_FIX_MASS_FAILURE: setting({
    read: read.orOff(read.wholeNumber(2, 10_000)), default: '5', expected: 'a whole number from 2 to 10000, or off',
    meaning: 'So many sessions breaking within 2 minutes put repairs on hold: then it is not the sessions.',
  }),
  AUTO_FIX_HEALTH_EVERY: setting({
    read: read.orOff(read.duration(1_000)), default: '2m', expected: 'a duration from 1s to 24d such as 2m, or off',
    meaning: 'Every session is looked at that often, a few at a time; three looks in a row that find it dead or closed open an incident.',
  }),
  AUTO_FIX_SILENT_AFTER: setting({
    read: read.duration(1), default: '4h', expected: A_DURATION,
    meaning: 'Silence of a connected session that starts a probe. Silence alone never starts a remedy.',
  }),
};

const theRepair = {
  AUTO_FIX_VERIFY_AFTER: setting({
    read: read.duration(0), default: '60s', expected: A_DURATION, meaning: 'A freshly started session is left alone that long before it is checked.',
  }),
  AUTO_FIX_VERIFY_WITHIN: setting({
    read: read.duration(1), default: '2m', expected: A_DURATION, meaning: 'After that it has so long to work; else the repair is taken back or has failed.',
  }),
  AUTO_FIX_SETTLE: setting({
    read: read.duration(0), default: '10s', expected: A_DURATION, meaning: 'It must still work that much later before the repair counts.',
  }),
  AUTO_FIX_STATE_DIR: setting({
    read: read.folder, default: null, defaultInWords: '/var/lib/auto-fix where that folder exists (the image), else ./state', expected: A_FOLDER,
    meaning: 'Cursor, hits, journal (auto-fix.sqlite) and the local socket (auto-fix.sock).',
  }),
  AUTO_FIX_BACKUP_DIR: setting({
    read: read.folder, default: null, defaultInWords: '/var/lib/auto-fix/backups where /var/lib/auto-fix exists (the image), else ./backups', expected: A_FOLDER,
    meaning: 'Backups, one folder per session.',
  }),
  AUTO_FIX_BACKUP_KEEP: setting({
    read: read.wholeNumber(1, 1_000), default: '5', expected: 'a whole number from 1 to 1000', meaning: 'Backups kept per session.',
  }),
  AUTO_FIX_BACKUP_MAX_DAYS: setting({
    read: read.orOff(read.wholeNumber(1, 3_650)), default: 'off', expected: 'a whole number of days from 1 to 3650, or off',
    meaning: 'Older backups go too; never the only one of a session.',
  }),
};

const theReport = {
  AUTO_FIX_LOG_FILE: setting({
    read: read.folder, default: 'logs/auto-fix-sessions.log', expected: 'the path of a file', meaning: 'The log that tells everything that was done and why.',
  }),
  AUTO_FIX_HTTP: setting({
    read: read.orOff(read.listenAddress), default: '0.0.0.0:9465', expected: 'host:port such as 0.0.0.0:9465, or off',
    meaning: 'Where /healthz, /metrics and the API answer.',
  }),
  AUTO_FIX_TOKEN: setting({
    read: read.secret, default: null, expected: 'any text', secret: true,
    meaning: 'Asked for (Authorization: Bearer …) by every request that changes something and by the QR. Without it those answer only on the local socket.',
  }),
  AUTO_FIX_ALERT_WEBHOOK: setting({
    read: read.secretUrl('https:', 'http:'), default: null, expected: 'an http:// or https:// address', secret: true,
    meaning: 'One address that is told about alerts: Slack, Discord, Telegram, ntfy or any that takes JSON.',
  }),
};

const theGateways = {
  WPPCONNECT_URL: setting({
    read: read.httpUrl, default: 'http://wppconnect-server:21465', expected: A_URL,
    meaning: 'wppconnect-server. It is used when this or its secret key is set.',
  }),
  WPPCONNECT_SECRET_KEY: setting({
    read: read.secret, default: null, expected: 'any text', secret: true, meaning: "wppconnect-server's own SECRET_KEY.",
  }),
  WPPCONNECT_USER_DATA_DIR: setting({
    read: read.folder, default: null, expected: A_FOLDER, meaning: "wppconnect-server's userDataDir as mounted here: the logins. Without it nothing of its sessions is cleared.",
  }),
  WPPCONNECT_TOKENS_DIR: setting({
    read: read.folder, default: null, expected: A_FOLDER, meaning: "wppconnect-server's tokens folder as mounted here: backed up, never deleted.",
  }),
  WPP_GATEWAY_BASE_URL: setting({
    read: read.httpUrl, default: null, expected: A_URL, meaning: 'gateway-wrapper. It is used when this is set.',
  }),
  WPP_GATEWAY_SECRET: setting({
    read: read.secret, default: null, expected: 'any text', secret: true, meaning: "gateway-wrapper's X-Gateway-Secret; GATEWAY_SECRET is read too.",
  }),
  GATEWAY_SECRET: setting({
    read: read.secret, default: null, expected: 'any text', secret: true, meaning: 'The same as WPP_GATEWAY_SECRET, which wins.',
  }),
  BACKEND_URL: setting({
    read: read.httpUrl, default: null, expected: A_URL, meaning: 'A Whaticket-style backend. It is used when this is set.',
  }),
  BACKEND_TOKEN: setting({
    read: read.secret, default: null, expected: 'any text', secret: true, meaning: "The backend's bearer token.",
  }),
  BACKEND_ROUTES: setting({
    read: read.oneOf('script', 'whaticket', 'ticketz'), default: 'script', expected: 'script, whaticket or ticketz',
    meaning: "The backend's routes: those of the usual operator script, or those of a fork.",
  }),
  BAILEYS_SESSIONS_DIR: setting({
    read: read.folder, default: null, expected: A_FOLDER, meaning: "The backend's session folders as mounted here: <dir>/<company>/<id> or <dir>/<id>.",
  }),
  REDIS_URL: setting({
    read: read.secretUrl('redis:', 'rediss:', 'unix:'), default: null, expected: 'redis://host:port, rediss://host:port or unix:///path', secret: true,
    meaning: 'Redis with session keys. Without it the Redis steps say so and are skipped.',
  }),
  REDIS_SESSION_KEYS: setting({
    read: read.sessionKeys, default: 'sessions:{session}:*', expected: 'literal text, {session}, a delimiter, then anything: sessions:{session}:*',
    meaning: "Which keys are a session's.",
  }),
};

/** Every setting there is, in the order they are shown. */
export const SETTINGS = { ...theEngine, ...theRules, ...theRepair, ...theReport, ...theGateways };
export type SettingName = keyof typeof SETTINGS;
export type SettingValue<N extends SettingName> = (typeof SETTINGS)[N] extends Setting<infer T> ? T : never;

export interface SettingRow { name: SettingName; default: string; meaning: string }

/** What README and `--help` show: name, default, meaning. */
export function settingRows(): SettingRow[] {
  return (Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]).map(([name, s]) => ({
    name, default: s.defaultInWords ?? s.default ?? 'none', meaning: s.meaning,
  }));
}

/** The same as a Markdown table, as it stands in the README. */
export function settingsMarkdown(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const rows = (Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]).map(([name, s]) => {
    const fallback = s.defaultInWords === undefined && s.default !== null ? `\`${s.default}\`` : (s.defaultInWords ?? 'none');
    return `| \`${name}\` | ${fallback} | ${cell(s.meaning)} |`;
  });
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

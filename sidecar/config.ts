import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Secret } from './settings/secret.ts';
import { ConfigError, Values } from './settings/values.ts';
import type { Rung } from './words.ts';

export { ConfigError } from './settings/values.ts';
export { Secret } from './settings/secret.ts';
export { settingRows, settingsMarkdown } from './settings/table.ts';
export { parseDuration } from './settings/readers.ts';

/** Every setting, read and checked. Times in milliseconds, paths absolute, deeply frozen. */
export interface Config {
  readonly docker: { readonly host: string };
  readonly watch: { readonly containers: readonly string[] };
  readonly detect: { readonly maxHits: number; readonly windowMs: number; readonly patternsDir: string };
  readonly decide: {
    readonly cooldownMs: number;
    readonly dryRun: boolean;
    /** null: the default ladder of that class. */
    readonly ladder: { readonly corruption: readonly Rung[] | null; readonly disconnect: readonly Rung[] | null };
    readonly escalateWithinMs: number;
    /** null: never held for that reason. */
    readonly massFailure: number | null;
    readonly silentAfterMs: number;
    /** null: no health rounds. */
    readonly healthEveryMs: number | null;
  };
  readonly repair: { readonly verifyAfterMs: number; readonly verifyDeadlineMs: number; readonly settleMs: number; readonly backupDir: string; readonly backupKeep: number; /** null: no age limit. */ readonly backupMaxAgeMs: number | null };
  /** alias -> session as its owner spells it. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly logFile: string;
  readonly stateDir: string;
  readonly http: { readonly host: string; readonly port: number } | null;
  readonly token: Secret | null;
  readonly alertWebhook: Secret | null;
  readonly wppconnect: WppconnectConfig | null;
  readonly wrapper: { readonly url: string; readonly secret: Secret | null } | null;
  readonly backend: BackendConfig | null;
  readonly redis: { readonly url: Secret; readonly sessionKeys: string } | null;
}

export interface WppconnectConfig {
  readonly url: string;
  readonly secret: Secret | null;
  /** null: not mounted, so its files can be neither backed up nor cleared. */
  readonly userDataDir: string | null;
  readonly tokensDir: string | null;
}

export interface BackendConfig {
  readonly url: string;
  readonly token: Secret | null;
  readonly routes: 'script' | 'whaticket' | 'ticketz';
  readonly sessionsDir: string | null;
}

/** Where the program runs. Handed in by tests. */
export interface Place {
  cwd: string;
  /** The folder that holds `sidecar/` and `patterns/`. */
  home: string;
  exists(path: string): boolean;
  readFile?: (path: string) => string;
}

/** The image has this folder, a checkout does not. */
const IMAGE_STATE = '/var/lib/auto-fix';
/** Shorter tokens can be guessed over the network. */
const TOKEN_CHARS = 16;

const daysInMs = (days: number | null): number | null => (days === null ? null : days * 86_400_000);

const here = (): Place => ({ cwd: process.cwd(), home: resolve(import.meta.dirname, '..'), exists: existsSync });

/** The settings as they are, and what is odd about them. Throws a ConfigError with one line per mistake. */
export function loadConfig(env: NodeJS.ProcessEnv, place: Place = here()): { config: Config; warnings: string[] } {
  const values = new Values(env, place.readFile);
  const config = assemble(values, place);
  if (values.problems.length > 0) throw new ConfigError(values.problems);
  return { config: freeze(config), warnings: [...values.warnings, ...oddities(values, config)] };
}

function assemble(values: Values, place: Place): Config {
  const path = <T extends string | null>(given: string | null, standIn: T): string | T => (given === null ? standIn : resolve(place.cwd, given));
  const inImage = place.exists(IMAGE_STATE);
  return {
    docker: { host: values.read('DOCKER_HOST')! },
    watch: { containers: values.read('AUTO_FIX_CONTAINERS')! },
    detect: {
      maxHits: values.read('AUTO_FIX_MAX_HITS')!,
      windowMs: values.read('AUTO_FIX_WINDOW')!,
      patternsDir: path(values.read('AUTO_FIX_PATTERNS_DIR'), join(place.home, 'patterns')),
    },
    decide: {
      cooldownMs: values.read('AUTO_FIX_COOLDOWN')!,
      dryRun: values.read('AUTO_FIX_DRY_RUN')!,
      ladder: { corruption: values.read('AUTO_FIX_LADDER_CORRUPTION'), disconnect: values.read('AUTO_FIX_LADDER_DISCONNECT') },
      escalateWithinMs: values.read('AUTO_FIX_ESCALATE_WITHIN')!,
      massFailure: values.read('AUTO_FIX_MASS_FAILURE'),
      silentAfterMs: values.read('AUTO_FIX_SILENT_AFTER')!,
      healthEveryMs: values.read('AUTO_FIX_HEALTH_EVERY'),
    },
    repair: {
      verifyAfterMs: values.read('AUTO_FIX_VERIFY_AFTER')!,
      verifyDeadlineMs: values.read('AUTO_FIX_VERIFY_WITHIN')!,
      settleMs: values.read('AUTO_FIX_SETTLE')!,
      backupDir: path(values.read('AUTO_FIX_BACKUP_DIR'), inImage ? join(IMAGE_STATE, 'backups') : join(place.cwd, 'backups')),
      backupKeep: values.read('AUTO_FIX_BACKUP_KEEP')!,
      backupMaxAgeMs: daysInMs(values.read('AUTO_FIX_BACKUP_MAX_DAYS')),
    },
    aliases: values.read('AUTO_FIX_ALIASES') ?? new Map<string, string>(),
    logFile: path(values.read('AUTO_FIX_LOG_FILE'), ''),
    stateDir: path(values.read('AUTO_FIX_STATE_DIR'), inImage ? IMAGE_STATE : join(place.cwd, 'state')),
    http: values.read('AUTO_FIX_HTTP'),
    token: values.read('AUTO_FIX_TOKEN'),
    alertWebhook: values.read('AUTO_FIX_ALERT_WEBHOOK'),
    ...gateways(values, path),
  };
}

type PathOf = (given: string | null, standIn: null) => string | null;

/** Each is read whole even where it is not used, so that a mistake in it is told at once. */
function gateways(values: Values, path: PathOf): Pick<Config, 'wppconnect' | 'wrapper' | 'backend' | 'redis'> {
  const wppconnect = {
    url: values.read('WPPCONNECT_URL')!,
    secret: values.read('WPPCONNECT_SECRET_KEY'),
    userDataDir: path(values.read('WPPCONNECT_USER_DATA_DIR'), null),
    tokensDir: path(values.read('WPPCONNECT_TOKENS_DIR'), null),
  };
  const wrapperUrl = values.read('WPP_GATEWAY_BASE_URL');
  const sameSecret = values.read('GATEWAY_SECRET');
  const wrapperSecret = values.read('WPP_GATEWAY_SECRET') ?? sameSecret;
  const backendUrl = values.read('BACKEND_URL');
  const backend = {
    token: values.read('BACKEND_TOKEN'),
    routes: values.read('BACKEND_ROUTES')!,
    sessionsDir: path(values.read('BAILEYS_SESSIONS_DIR'), null),
  };
  const redisUrl = values.read('REDIS_URL');
  const sessionKeys = values.read('REDIS_SESSION_KEYS')!;
  return {
    wppconnect: values.isSet('WPPCONNECT_URL') || values.isSet('WPPCONNECT_SECRET_KEY') ? wppconnect : null,
    wrapper: wrapperUrl === null ? null : { url: wrapperUrl, secret: wrapperSecret },
    backend: backendUrl === null ? null : { url: backendUrl, ...backend },
    redis: redisUrl === null ? null : { url: redisUrl, sessionKeys },
  };
}

/** Settings that are right each for itself and still not what anybody wants. */
function oddities(values: Values, config: Config): string[] {
  const odd: [boolean, string][] = [
    [!config.wppconnect && !config.wrapper && !config.backend, 'no gateway is configured: faults are seen and told, nothing can be repaired; set WPPCONNECT_SECRET_KEY, WPP_GATEWAY_BASE_URL or BACKEND_URL'],
    [config.wppconnect !== null && config.wppconnect.secret === null, 'WPPCONNECT_URL is set without WPPCONNECT_SECRET_KEY, so wppconnect-server will refuse every call; set it to the SECRET_KEY of that server'],
    [config.wppconnect === null && values.isSet('WPPCONNECT_USER_DATA_DIR'), 'WPPCONNECT_USER_DATA_DIR does nothing without WPPCONNECT_SECRET_KEY'],
    [config.wppconnect?.userDataDir != null && config.wppconnect.tokensDir === null, 'WPPCONNECT_TOKENS_DIR is not set: the webhook configuration of a session will be missing from its backup'],
    [config.wrapper !== null && config.wrapper.secret === null, 'WPP_GATEWAY_BASE_URL is set without WPP_GATEWAY_SECRET, so the wrapper will refuse every call'],
    [config.backend === null && values.isSet('BAILEYS_SESSIONS_DIR'), 'BAILEYS_SESSIONS_DIR does nothing without BACKEND_URL'],
    [config.token !== null && config.token.reveal().length < TOKEN_CHARS, `AUTO_FIX_TOKEN has fewer than ${TOKEN_CHARS} characters and can be guessed; use a longer one`],
  ];
  return odd.filter(([is]) => is).map(([, words]) => words);
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}

import { stringify } from 'yaml';
import { settingRows, type SettingName } from '../settings/table.ts';
import type { Named, Service, Stack } from './stack.ts';

const HEADER = `# Adds the sidecar auto-fix-sessions to the stack that runs here, with its real mounts, networks and names.
# Save it in the folder of the stack's docker-compose.yml as docker-compose.override.yml, put the secrets into .env beside it
# (their names stand below), and start it:
#
#   docker compose up -d --build auto-fix-sessions
`;

/** The same in docker-compose.override.yml, which says why; a test compares them. */
export const HARDENING = {
  cap_drop: ['ALL'],
  cap_add: ['DAC_OVERRIDE', 'CHOWN', 'FOWNER', 'FSETID'],
  security_opt: ['no-new-privileges:true'],
  read_only: true,
  tmpfs: ['/tmp'],
  mem_limit: '256m',
  pids_limit: 128,
  labels: { 'auto-fix.watch': 'false' },
  logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
} as const;

/** A Compose file with the one service that fits this stack. Holds no secret, only the names of those `.env` should have. */
export function composeFile(stack: Stack, missing: readonly string[] = []): string {
  const { networks, volumes, mode, socket } = stack;
  const service = {
    image: '${AUTO_FIX_IMAGE:-auto-fix-sessions}',
    build: '${AUTO_FIX_SRC:-./auto-fix-sessions}',
    restart: 'unless-stopped',
    init: true,
    stop_grace_period: '60s',
    ...(mode === 'networks' ? { networks: networks.map(({ key }) => key), ports: ['127.0.0.1:${AUTO_FIX_PORT:-9465}:9465'] } : { network_mode: mode }),
    volumes: [
      ...(socket === null ? [] : [`${literal(socket)}:/var/run/docker.sock`]),
      '${AUTO_FIX_LOGS:-./logs}:/app/logs',
      '${AUTO_FIX_BACKUPS:-./auto-fix-backups}:/var/lib/auto-fix/backups',
      'auto-fix-state:/var/lib/auto-fix',
      ...new Set(stack.services.flatMap(({ mounts }) => mounts.map(({ source, target }) => `${literal(source)}:${literal(target)}`))),
    ],
    environment: environmentOf(stack),
    ...HARDENING,
  };
  const file = {
    services: { 'auto-fix-sessions': service },
    ...(networks.length > 0 ? { networks: declared(networks) } : {}),
    volumes: { 'auto-fix-state': null, ...declared(volumes) },
  };
  return HEADER + [...remarks(stack), ...leftOut(missing)].map((remark) => `# ${remark}\n`).join('') + stringify(file, { lineWidth: 0, nullStr: '' });
}

function environmentOf({ services, watched, mode, socket }: Stack): Record<string, string> {
  const url = ({ name, port }: Service): string => `http://${mode === 'host' ? '127.0.0.1' : name}:${port}`;
  const environment: Record<string, string> = { AUTO_FIX_CONTAINERS: watched.join(','), ...fromDotEnv() };
  if (socket === null) environment['DOCKER_HOST'] = '${DOCKER_HOST:?the address of the socket proxy}';
  for (const service of services) {
    if (service.kind === 'wppconnect') Object.assign(environment, { WPPCONNECT_URL: url(service), WPPCONNECT_SECRET_KEY: '${WPPCONNECT_SECRET_KEY:-${SECRET_KEY:-}}', ...wppconnectFolders(service) });
    if (service.kind === 'gateway-wrapper') Object.assign(environment, { WPP_GATEWAY_BASE_URL: url(service), WPP_GATEWAY_SECRET: '${WPP_GATEWAY_SECRET:-${GATEWAY_SECRET:-}}' });
    if (service.kind === 'whaticket') Object.assign(environment, { BACKEND_URL: url(service), BACKEND_TOKEN: '${BACKEND_TOKEN:-}', BACKEND_ROUTES: '${BACKEND_ROUTES:-script}', ...baileysFolder(service) });
    if (service.kind === 'redis') Object.assign(environment, { REDIS_URL: `\${REDIS_URL:-redis://${mode === 'host' ? '127.0.0.1' : service.name}:${service.port}}`, REDIS_SESSION_KEYS: '${REDIS_SESSION_KEYS:-sessions:{session}:*}' });
  }
  return environment;
}

/** Settings whose value in the container is fixed by this file or the image, or is told to Compose otherwise. */
const SETTLED_HERE: ReadonlySet<SettingName> = new Set(['AUTO_FIX_CONTAINERS', 'AUTO_FIX_CONFIG', 'AUTO_FIX_PATTERNS_DIR', 'AUTO_FIX_STATE_DIR', 'AUTO_FIX_BACKUP_DIR', 'AUTO_FIX_LOG_FILE', 'AUTO_FIX_HTTP']);

/** Every other setting reaches the container when it stands in `.env`; an empty one is its default. */
const fromDotEnv = (): Record<string, string> =>
  Object.fromEntries(settingRows().filter(({ name }) => name.startsWith('AUTO_FIX_') && !SETTLED_HERE.has(name)).map(({ name }) => [name, `\${${name}:-}`]));

/** The folder itself, or the one that holds it under its usual name. */
function folderIn({ mounts }: Service, name: string): string | null {
  const own = mounts.find(({ target }) => target.toLowerCase().endsWith(`/${name.toLowerCase()}`));
  const above = mounts.find(({ target }) => target.endsWith('/wpp-server') || target.endsWith('/private'));
  return own?.target ?? (above ? `${above.target}/${name}` : null);
}

const wppconnectFolders = (service: Service): Record<string, string> => {
  const [profiles, tokens] = [folderIn(service, 'userDataDir'), folderIn(service, 'tokens')];
  return { ...(profiles ? { WPPCONNECT_USER_DATA_DIR: literal(profiles) } : {}), ...(tokens ? { WPPCONNECT_TOKENS_DIR: literal(tokens) } : {}) };
};

function baileysFolder(service: Service): Record<string, string> {
  const folder = folderIn(service, 'sessions');
  return folder ? { BAILEYS_SESSIONS_DIR: literal(folder) } : {};
}

const leftOut = (missing: readonly string[]): string[] =>
  missing.length === 0 ? [] : [`Not on this engine, and left out: ${missing.join(', ')}. Where it is another name that is meant, set AUTO_FIX_CONTAINERS and print this again.`];

function remarks({ services, mode }: Stack): string[] {
  const server = services.find(({ kind }) => kind === 'wppconnect');
  return [
    ...(services.some(({ kind }) => kind !== 'redis') ? [] : ['CHANGE THIS: none of the watched containers is a gateway that is known; set AUTO_FIX_CONTAINERS, WPPCONNECT_URL or BACKEND_URL by hand.']),
    ...(server && !folderIn(server, 'userDataDir') ? [`CHANGE THIS: ${server.name} has no volume for its userDataDir, so its logins are lost with its container and cannot be backed up; give it one, then print this again.`] : []),
    ...(mode === 'bridge' ? ['CHANGE THIS: the stack is on the default bridge, where container names are not known; put it and this service into one network.'] : []),
  ];
}

const declared = (all: readonly Named[]): Record<string, object | null> =>
  Object.fromEntries(all.map(({ key, external }) => [key, external === null ? null : { name: external, external: true }]));

/** Compose reads `$` as the start of a variable. */
const literal = (text: string): string => text.replaceAll('$', '$$$$');

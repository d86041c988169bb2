import { lstatSync } from 'node:fs';
import type Dockerode from 'dockerode';
import { CALL_DEADLINE_MS, Engine, type EngineError } from '../watch/engine.ts';
import { inspectContainer, ping, trying } from './engine-view.ts';
import { listed, note, ok, wrong, type Finding } from './finding.ts';

/** Beyond this a stamp counts as one of a wrong clock (the detector's own bound); seconds are usual between two machines. */
const CLOCK = { wrongMs: 60_000, worthANoteMs: 5_000 };

/** The requests that the watcher makes, each tried once; none changes anything. */
export async function checkSocket(docker: Dockerode, host: string, watchedId: (containers: Dockerode.ContainerInfo[]) => string | undefined, now: () => number): Promise<Finding[]> {
  const engine = new Engine(docker);
  let containers: Dockerode.ContainerInfo[] = [];
  let clock: Finding[] = [];
  const first = await trying(async () => (containers = await engine.list()));
  if (first && first.fault !== 'refused') return [wrong('socket', whyNotReached(host, first))];
  const id = watchedId(containers) ?? containers[0]?.Id;
  const tried: [string, EngineError | null][] = [
    ['ping', await trying(() => ping(docker))],
    ['list', first],
    ['events', await trying(async () => (clock = await clockBy(engine, now)))],
  ];
  if (id !== undefined) {
    tried.push(['inspect', await trying(() => inspectContainer(docker, id))]);
    const logs = await trying(() => opened((signal) => engine.logs(id, { tail: 1 }, signal)));
    tried.push(['logs', logs?.fault === 'unreadable-driver' ? null : logs]);
  }
  return [...rights(host, tried), ...clock];
}

/** A ping that is refused costs nothing: nobody needs it but us here. */
function rights(host: string, tried: readonly [string, EngineError | null][]): Finding[] {
  const refused = tried.filter(([verb, error]) => error && verb !== 'ping');
  const allowed = tried.filter(([, error]) => !error).map(([verb]) => verb);
  if (refused.length === 0) return [ok('socket', `${host} answers: ${listed(allowed)}`)];
  const proxy = refused.some(([, error]) => error!.fault === 'refused');
  const todo = proxy ? 'allow GET of events, containers/json, containers/*/json and containers/*/logs in the socket proxy' : refused[0]![1]!.message;
  return [wrong('socket', `${host} refuses ${listed(refused.map(([verb]) => verb))}, so no log can be followed: ${todo}`)];
}

function whyNotReached(host: string, error: EngineError): string {
  const path = host.startsWith('unix://') ? host.slice('unix://'.length) : null;
  const nothing = 'no log can be read';
  if (path === null) return error.message;
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return `there is no Docker socket at ${path}, so ${nothing}: mount it (volumes: - /var/run/docker.sock:${path}) or set DOCKER_HOST`;
  if (stats.isDirectory()) return `${path} is a folder, which Docker made because the host had no socket at the mounted path, so ${nothing}: set DOCKER_SOCKET to the host's socket and make the container anew (docker compose up -d --force-recreate auto-fix-sessions)`;
  if (error.fault === 'no-permission') return `this user (uid ${process.getuid!()}) may not open ${path}, so ${nothing}: add group_add: ["${stats.gid}"] (the socket's group) to the service auto-fix-sessions`;
  if (error.fault === 'unreachable') return `nobody listens behind ${path}, so ${nothing}: start Docker (systemctl start docker); if it runs, the mounted socket is an old one, and docker compose restart auto-fix-sessions mounts the new one`;
  return error.message;
}

async function opened(open: (signal: AbortSignal) => Promise<{ headers: Record<string, unknown>; destroy(): unknown }>): Promise<Record<string, unknown>> {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), CALL_DEADLINE_MS);
  try {
    const response = await open(stop.signal);
    response.destroy();
    return response.headers;
  } finally {
    clearTimeout(late);
    stop.abort();
  }
}

/** The engine stamps every line and, like any HTTP server, every answer: that `Date` is its clock, to the second. */
async function clockBy(engine: Engine, now: () => number): Promise<Finding[]> {
  const before = now();
  const { date } = await opened((signal) => engine.events(signal));
  const after = now();
  const told = Date.parse(String(date));
  if (Number.isNaN(told)) return [note('clock', "the engine's answers carry no time, so its clock could not be compared with ours; compare them by hand: date -u on both machines")];
  // The header is cut to the second, and was written somewhere between asking and hearing.
  const ahead = told > after ? told - after : told + 1000 < before ? told + 1000 - before : 0;
  if (Math.abs(ahead) < CLOCK.worthANoteMs) return [ok('clock', "the engine's clock and ours agree")];
  const says = `the engine's clock is ${Math.round(Math.abs(ahead) / 1000)} s ${ahead > 0 ? 'ahead of' : 'behind'} ours, so evidence looks ${ahead > 0 ? 'newer' : 'older'} than it is: let both machines keep time (timedatectl set-ntp true)`;
  return [Math.abs(ahead) >= CLOCK.wrongMs ? wrong('clock', says) : note('clock', says)];
}

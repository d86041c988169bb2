import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { frame } from '../watch/bytes.ts';

/** One container as the engine shows it; what is not said is as on a stack that is well. */
export interface Shown {
  name: string;
  service?: string;
  project?: string;
  image?: string;
  state?: 'running' | 'exited' | 'paused';
  labels?: Record<string, string>;
  logDriver?: { Type: string; Config: Record<string, string> };
  mounts?: { Type: 'bind' | 'volume'; Name?: string; Source: string; Destination: string; RW: boolean }[];
  networks?: string[];
  env?: string[];
  command?: string[];
  /** `<RFC 3339 time> text` */
  log?: string[];
}

export interface EngineFaults {
  /** Path to the status it is answered with. */
  refuses?: (path: string) => number | undefined;
  /** How far its clock is off, ms. */
  aheadMs?: number;
  labels?: Record<string, Record<string, string>>;
}

const ROTATED = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } };

/** An engine on a socket in that folder: the requests of watcher and doctor, over real HTTP. Ends with the test. */
export async function fakeEngine(folder: string, containers: readonly Shown[], faults: EngineFaults = {}): Promise<string> {
  const socket = join(folder, 'docker.sock');
  const all = containers.map((shown, index) => ({ id: String(index + 1).repeat(64), shown }));
  const server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://engine').pathname;
    response.setHeader('date', new Date(Date.now() + (faults.aheadMs ?? 0)).toUTCString());
    const refused = faults.refuses?.(path);
    if (refused !== undefined) return json(response, refused, { message: 'refused by the proxy' });
    if (path === '/_ping') return void response.end('OK');
    if (path === '/events') return response.flushHeaders();
    if (path === '/containers/json') return json(response, 200, all.map(({ id, shown }) => listed(id, shown)));
    const [, kind, id, what] = path.split('/');
    if (kind === 'networks' || kind === 'volumes') return json(response, 200, { Name: id, Labels: faults.labels?.[decodeURIComponent(id!)] ?? {} });
    const found = all.find((one) => one.id.startsWith(id!));
    if (!found) return json(response, 404, { message: `No such container: ${id}` });
    if (what === 'json') return json(response, 200, inspected(found.id, found.shown));
    if (found.shown.logDriver?.Type === 'none') return json(response, 501, { message: 'configured logging driver does not support reading' });
    response.writeHead(200, { 'content-type': 'application/vnd.docker.multiplexed-stream' });
    response.end(Buffer.concat((found.shown.log ?? []).map((line) => frame(1, `${line}\n`))));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `unix://${socket}`;
}

const labelsOf = ({ service, project = 'stack', labels }: Shown): Record<string, string> => ({
  ...(service ? { 'com.docker.compose.service': service, 'com.docker.compose.project': project } : {}), ...labels,
});
const networksOf = ({ networks = ['stack_default'] }: Shown): Record<string, object> => Object.fromEntries(networks.map((name) => [name, {}]));

function listed(id: string, shown: Shown): object {
  return { Id: id, Names: [`/${shown.name}`], Image: shown.image ?? 'node', Labels: labelsOf(shown), State: shown.state ?? 'running', NetworkSettings: { Networks: networksOf(shown) } };
}

function inspected(id: string, shown: Shown): object {
  const { name, image = 'node', state = 'running', logDriver = ROTATED, mounts = [], env = [], command = [] } = shown;
  return {
    Id: id, Name: `/${name}`, Mounts: mounts, HostConfig: { LogConfig: logDriver }, NetworkSettings: { Networks: networksOf(shown) },
    Config: { Tty: false, Image: image, WorkingDir: '', Hostname: id.slice(0, 12), Env: env, Cmd: command, Labels: labelsOf(shown) },
    State: { Status: state, Running: state !== 'exited', Paused: state === 'paused', Restarting: false, ExitCode: state === 'exited' ? 137 : 0, StartedAt: '2026-03-01T00:00:00Z', FinishedAt: '0001-01-01T00:00:00Z' },
  };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

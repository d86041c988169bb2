import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Dockerode from 'dockerode';
import { frame } from './bytes.ts';

export interface FakeEntry {
  stream: 1 | 2;
  stamp: string;
  content: string;
}

interface Follower {
  response: ServerResponse;
  since: string;
}

/** One container of the fake engine: a log and what can go wrong with it. */
export class FakeContainer {
  readonly id: string;
  name: string;
  labels: Record<string, string> = {};
  state = 'running';
  log: FakeEntry[] = [];
  followers: Follower[] = [];
  /** Answer to `/logs` other than the log. */
  refuse: { status: number; message: string } | null = null;
  /** New entries reach the file but no open stream. */
  deaf = false;
  /** Cuts the next non-follow answers after so many entries. */
  cutAfter: number[] = [];
  /** Printed when the next stream is asked for, before it opens. */
  meanwhile: FakeEntry[] = [];
  opened = 0;
  startedAt = '2026-03-01T00:00:00Z';

  constructor(id: string, name: string) {
    this.id = id.padEnd(64, '0');
    this.name = name;
  }

  /** Prints entries to the file and to every open stream. */
  print(...entries: FakeEntry[]): void {
    this.log.push(...entries);
    if (!this.deaf) this.sendAgain(...entries);
  }

  /** What engine 20.10 does after a rotation: entries of the file once more into the open streams. */
  sendAgain(...entries: FakeEntry[]): void {
    for (const { response, since } of this.followers) {
      for (const entry of entries) if (secondsOf(entry.stamp) >= since) response.write(bytesOf(entry));
    }
  }

  send(bytes: Buffer): void {
    for (const { response } of this.followers) response.write(bytes);
  }

  /** The connection breaks. */
  cut(): void {
    for (const { response } of this.followers.splice(0)) response.destroy();
  }

  /** The container stops: its streams end in order. */
  stop(): void {
    this.state = 'exited';
    for (const { response } of this.followers.splice(0)) response.end();
  }
}

/**
 * The five requests of the watcher over a unix socket, with the faults a real engine cannot be told to have.
 * `since` filters each entry, as engines up to 23.x do.
 */
export class FakeEngine {
  readonly socketPath: string;
  readonly docker: Dockerode;
  readonly requests: string[] = [];
  containers: FakeContainer[] = [];
  /** Every request is answered with this. */
  refuse: { status: number; message: string } | null = null;
  /** `/events` is forbidden, as by a proxy that allows the rest. */
  refuseEvents = false;
  /** Requests are accepted and never answered. */
  frozen = false;
  readonly #folder = mkdtempSync(join(tmpdir(), 'fake-engine-'));
  #server: Server | null = null;
  #listeners: ServerResponse[] = [];

  constructor() {
    this.socketPath = join(this.#folder, 'docker.sock');
    this.docker = new Dockerode({ socketPath: this.socketPath });
  }

  add(id: string, name: string): FakeContainer {
    const container = new FakeContainer(id, name);
    this.containers.push(container);
    return container;
  }

  event(action: string, container: FakeContainer): void {
    const line = JSON.stringify({ Type: 'container', Action: action, Actor: { ID: container.id, Attributes: { name: container.name } } });
    for (const listener of this.#listeners) listener.write(`${line}\n`);
  }

  async listen(): Promise<void> {
    this.#server = createServer((request, response) => this.#answer(request, response));
    await new Promise<void>((resolve) => this.#server!.listen(this.socketPath, resolve));
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#listeners = [];
    for (const container of this.containers) container.followers = [];
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  async dispose(): Promise<void> {
    await this.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, 'http://engine');
    this.requests.push(`${request.method} ${url.pathname}`);
    if (this.frozen) return;
    if (this.refuse) return json(response, this.refuse.status, { message: this.refuse.message });
    if (url.pathname === '/events' && this.refuseEvents) return json(response, 403, { message: 'Forbidden' });
    if (url.pathname === '/events') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      this.#listeners.push(response);
      return;
    }
    if (url.pathname === '/containers/json') return json(response, 200, this.containers.map((c) => ({ Id: c.id, Names: [`/${c.name}`], Labels: c.labels, State: c.state })));
    const [, , id, what] = url.pathname.split('/');
    const container = this.containers.find((c) => c.id === id || (id!.length >= 12 && c.id.startsWith(id!)));
    if (!container) return json(response, 404, { message: `No such container: ${id}` });
    if (what === 'json') return json(response, 200, inspect(container));
    this.#logs(container, url.searchParams, response);
  }

  #logs(container: FakeContainer, query: URLSearchParams, response: ServerResponse): void {
    container.opened++;
    if (container.refuse) return json(response, container.refuse.status, { message: container.refuse.message });
    const follow = query.get('follow') === 'true';
    if (follow) container.print(...container.meanwhile.splice(0));
    const tail = query.get('tail');
    const since = secondsKey(query.get('since') ?? '0');
    const entries = (tail === null ? container.log : container.log.slice(-Number(tail))).filter((entry) => secondsOf(entry.stamp) >= since);
    response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' });
    response.flushHeaders();
    const cutAfter = follow ? undefined : container.cutAfter.shift();
    const bytes = Buffer.concat(entries.slice(0, cutAfter).map(bytesOf));
    if (cutAfter !== undefined) response.write(bytes, () => response.destroy());
    else if (!follow) response.end(bytes);
    else {
      response.write(bytes);
      if (container.state !== 'running') response.end();
      else container.followers.push({ response, since });
      response.on('close', () => {
        container.followers = container.followers.filter((follower) => follower.response !== response);
      });
    }
  }
}

const bytesOf = (entry: FakeEntry): Buffer => frame(entry.stream, `${entry.stamp} ${entry.content}`);

/** Both as `seconds.nanoseconds` of equal width, so that they compare as strings. */
const secondsOf = (stamp: string): string => secondsKey(`${Math.floor(Date.parse(`${stamp.slice(0, 19)}Z`) / 1000)}.${stamp.slice(20, 29)}`);
function secondsKey(written: string): string {
  const [seconds, nanos = ''] = written.split('.');
  return `${seconds!.padStart(12, '0')}.${nanos.padEnd(9, '0')}`;
}

function inspect(container: FakeContainer): object {
  const running = container.state === 'running';
  return {
    Id: container.id,
    Name: `/${container.name}`,
    Config: { Tty: false, Labels: container.labels },
    HostConfig: { LogConfig: { Type: 'json-file' } },
    State: { Status: container.state, Running: running, Paused: false, Restarting: false, StartedAt: container.startedAt, FinishedAt: running ? '0001-01-01T00:00:00Z' : '2026-03-01T01:00:00Z', ExitCode: 0 },
  };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

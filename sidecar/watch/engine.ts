import type { IncomingMessage } from 'node:http';
import type Dockerode from 'dockerode';
import { type Answer, drain } from './drain.ts';
import { ask, plainAddress } from './log-answer.ts';

/** A stopped or frozen engine accepts connections and never answers: every short call ends by itself. */
export const CALL_DEADLINE_MS = 10_000;

/** What the engine said, told apart by what it means for reading. */
export type EngineFault =
  | 'unreachable' | 'no-permission' | 'no-answer' | 'cut' | 'gone' | 'removing' | 'unreadable-driver' | 'refused' | 'other';

/** `message` is in words for the operator. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly fault: EngineFault;
  constructor(fault: EngineFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.fault = fault;
  }
}

export interface LogRequest {
  follow?: boolean;
  tail?: number;
  /** `seconds.nanoseconds`, inclusive. */
  since?: string;
  until?: string;
}

export interface ContainerInfo {
  id: string;
  name: string;
  labels: Record<string, string>;
  tty: boolean;
  running: boolean;
  paused: boolean;
  restarting: boolean;
  status: string;
  startedAt: number | null;
  finishedAt: number | null;
  exitCode: number;
  logDriver: string;
}

/** The few requests this room makes: list, inspect, logs, events. All of them only look. */
export class Engine {
  readonly #docker: Dockerode;
  readonly #deadlineMs: number;
  constructor(docker: Dockerode, deadlineMs = CALL_DEADLINE_MS) {
    this.#docker = docker;
    this.#deadlineMs = deadlineMs;
  }

  async inspect(id: string, signal?: AbortSignal): Promise<ContainerInfo> {
    const answer = (await this.#short(`/containers/${id}/json`, {}, signal)) as Dockerode.ContainerInspectInfo;
    return {
      id: answer.Id,
      name: answer.Name.replace(/^\//, ''),
      labels: answer.Config.Labels ?? {},
      tty: answer.Config.Tty,
      running: answer.State.Running,
      paused: answer.State.Paused,
      restarting: answer.State.Restarting,
      status: answer.State.Status,
      startedAt: timeOrNull(answer.State.StartedAt),
      finishedAt: timeOrNull(answer.State.FinishedAt),
      exitCode: answer.State.ExitCode,
      logDriver: answer.HostConfig.LogConfig?.Type ?? '',
    };
  }

  async list(signal?: AbortSignal): Promise<Dockerode.ContainerInfo[]> {
    return (await this.#short('/containers/json?', { all: true }, signal)) as Dockerode.ContainerInfo[];
  }

  /**
   * Opens a container's log. The caller drains or destroys the answer; its chunks' memory is reused. Read straight
   * from the socket where that can be done (`LogAnswer`).
   */
  async logs(id: string, request: LogRequest, signal: AbortSignal): Promise<Answer> {
    const address = await plainAddress(this.#docker);
    if (address === null) return this.pacedLogs(id, request, signal);
    const { modem } = this.#docker as { modem: { version?: string; headers?: Record<string, string> } };
    const query = new URLSearchParams(Object.entries(logQuery(request)).map(([name, value]): [string, string] => [name, String(value)]));
    const path = `${modem.version ? `/${modem.version}` : ''}/containers/${id}/logs?${query}`;
    return this.#within(signal, (stop) => ask(address, path, modem.headers ?? {}, stop));
  }

  /** The same for a reader that takes its time. */
  async pacedLogs(id: string, request: LogRequest, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#open(`/containers/${id}/logs?`, logQuery(request), signal);
  }

  async events(signal: AbortSignal): Promise<IncomingMessage> {
    const filters = JSON.stringify({ type: ['container'], event: WATCHED_EVENTS });
    return this.#open('/events?', { filters }, signal);
  }

  async #short(path: string, query: object, signal?: AbortSignal): Promise<unknown> {
    const response = await this.#open(path, query, signal);
    const chunks: Buffer[] = [];
    const end = await drain(response, (chunk) => chunks.push(chunk), this.#deadlineMs);
    if (end !== 'complete') throw new EngineError(end === 'silent' ? 'no-answer' : 'cut', `the engine's answer to ${path.replace(/\?$/, '')} stopped half way`);
    return JSON.parse(Buffer.concat(chunks).toString());
  }

  #open(path: string, query: object, signal?: AbortSignal): Promise<IncomingMessage> {
    const statusCodes = { 200: true, 404: 'not found', 409: 'conflict', 500: 'server error', 501: 'not implemented' };
    return this.#within(signal, (abortSignal) => new Promise((resolve, reject) => {
      const done = (error: unknown, answer: unknown) => (error ? reject(error) : resolve(answer as IncomingMessage));
      this.#docker.modem.dial({ path, method: 'GET', options: query as Record<string, unknown>, isStream: true, abortSignal, statusCodes }, done);
    }));
  }

  /** Opens within the deadline; the signal ends the answer too. */
  async #within<A extends Answer>(signal: AbortSignal | undefined, open: (stop: AbortSignal) => Promise<A>): Promise<A> {
    const stop = new AbortController();
    const follow = () => stop.abort(signal?.reason);
    if (signal?.aborted) follow();
    signal?.addEventListener('abort', follow, { once: true });
    const late = Promise.withResolvers<never>();
    const deadline = setTimeout(() => {
      late.reject(new EngineError('no-answer', `the engine did not answer within ${this.#deadlineMs / 1000} s`));
      stop.abort();
    }, this.#deadlineMs);
    try {
      const response = await Promise.race([open(stop.signal), late.promise]);
      response.once('close', () => signal?.removeEventListener('abort', follow));
      return response;
    } catch (error) {
      signal?.removeEventListener('abort', follow);
      throw engineError(error);
    } finally {
      clearTimeout(deadline);
    }
  }
}

const logQuery = ({ follow, tail, since, until }: LogRequest): Record<string, string | number | true> => ({
  stdout: true, stderr: true, timestamps: true,
  ...(follow ? { follow } : {}), ...(tail === undefined ? {} : { tail }), ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }),
});

/** What changes which containers there are, and in which state. */
export const WATCHED_EVENTS = ['create', 'start', 'restart', 'die', 'stop', 'kill', 'pause', 'unpause', 'rename', 'destroy', 'oom'];

/** No such socket or host, or nobody listens there. `EAI_AGAIN` is Docker's name server on a network whose proxy is away. */
const UNREACHABLE = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);

function engineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message?: string };
  const said = (message ?? String(error)).trim().slice(0, 300);
  if (code === 'EACCES' || code === 'EPERM') {
    return new EngineError('no-permission', 'no right to open the Docker socket: nothing can be read; put the socket\'s group (stat -c %g /var/run/docker.sock) into group_add', error);
  }
  if (code !== undefined && UNREACHABLE.has(code)) {
    return new EngineError('unreachable', `the Docker engine cannot be reached (${code}): nothing can be read until it is back; check DOCKER_HOST and the mounted socket`, error);
  }
  // A proxy may answer 404 too: only the engine's own words mean that the container is gone.
  if (statusCode === 404 && /no such container/i.test(said)) return new EngineError('gone', said, error);
  if (statusCode === 409) return new EngineError('removing', said, error);
  if (statusCode === 501 || /configured logging driver does not support reading/i.test(said)) return new EngineError('unreadable-driver', said, error);
  if (statusCode === 401 || statusCode === 403) {
    return new EngineError('refused', `the socket proxy refuses what watching needs (HTTP ${statusCode}): allow GET of events, containers/json, containers/*/json and containers/*/logs (docs/socket-proxy.md)`, error);
  }
  if (statusCode === undefined) return new EngineError('cut', `the connection to the Docker engine broke (${code ?? said})`, error);
  return new EngineError('other', `the Docker engine answered HTTP ${statusCode}: ${said}`, error);
}

/** `0001-01-01T00:00:00Z` is Docker's word for never. */
function timeOrNull(written: string): number | null {
  const ms = Date.parse(written);
  return Number.isNaN(ms) || ms <= 0 ? null : ms;
}

import type { IncomingMessage } from 'node:http';
import type Dockerode from 'dockerode';

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

  /** Opens a container's log. The caller drains or destroys the answer. */
  async logs(id: string, request: LogRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const query = {
      stdout: true, stderr: true, timestamps: true,
      ...(request.follow ? { follow: true } : {}),
      ...(request.tail === undefined ? {} : { tail: request.tail }),
      ...(request.since === undefined ? {} : { since: request.since }),
      ...(request.until === undefined ? {} : { until: request.until }),
    };
    return this.#open(`/containers/${id}/logs?`, query, signal);
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
    const stop = new AbortController();
    const follow = () => stop.abort(signal?.reason);
    if (signal?.aborted) follow();
    signal?.addEventListener('abort', follow, { once: true });
    return new Promise<IncomingMessage>((resolve, reject) => {
      const deadline = setTimeout(() => {
        reject(new EngineError('no-answer', `the engine did not answer within ${this.#deadlineMs / 1000} s`));
        stop.abort();
      }, this.#deadlineMs);
      const done = (error: unknown, answer: unknown) => {
        clearTimeout(deadline);
        if (error) {
          signal?.removeEventListener('abort', follow);
          return reject(engineError(error));
        }
        const response = answer as IncomingMessage;
        response.once('close', () => signal?.removeEventListener('abort', follow));
        resolve(response);
      };
      this.#docker.modem.dial({ path, method: 'GET', options: query as Record<string, unknown>, isStream: true, abortSignal: stop.signal, statusCodes: { 200: true, 404: 'not found', 409: 'conflict', 500: 'server error', 501: 'not implemented' } }, done);
    });
  }
}

/** What changes which containers there are, and in which state. */
export const WATCHED_EVENTS = ['create', 'start', 'restart', 'die', 'stop', 'kill', 'pause', 'unpause', 'rename', 'destroy', 'oom'];

export type DrainEnd = 'complete' | 'cut' | 'silent';

/**
 * Reads a response to its end without ever pausing it (a paused reader falls behind a rotation and loses what
 * the engine threw away). With `idleMs`, a response silent for that long is destroyed.
 */
export function drain(response: IncomingMessage, onChunk: (chunk: Buffer) => void, idleMs?: number): Promise<DrainEnd> {
  return new Promise((resolve, reject) => {
    if (response.closed) return resolve('cut');
    let silent = false;
    const watchdog = idleMs === undefined ? null : setTimeout(() => {
      silent = true;
      response.destroy();
    }, idleMs);
    response.on('data', (chunk: Buffer) => {
      watchdog?.refresh();
      try {
        onChunk(chunk);
      } catch (error) {
        response.destroy();
        reject(error);
      }
    });
    // A cut shows as `error` and then `close`; `complete` alone says whether the end was the engine's own.
    response.on('error', () => undefined);
    response.once('close', () => {
      if (watchdog) clearTimeout(watchdog);
      resolve(silent ? 'silent' : response.complete ? 'complete' : 'cut');
    });
  });
}

function engineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message?: string };
  const said = (message ?? String(error)).trim().slice(0, 300);
  if (code === 'EACCES' || code === 'EPERM') {
    return new EngineError('no-permission', 'no right to open the Docker socket: nothing can be read; put the socket\'s group (stat -c %g /var/run/docker.sock) into group_add', error);
  }
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EHOSTUNREACH') {
    return new EngineError('unreachable', `the Docker engine cannot be reached (${code}): nothing can be read until it is back; check DOCKER_HOST and the mounted socket`, error);
  }
  // A proxy may answer 404 too: only the engine's own words mean that the container is gone.
  if (statusCode === 404 && /no such container/i.test(said)) return new EngineError('gone', said, error);
  if (statusCode === 409) return new EngineError('removing', said, error);
  if (statusCode === 501 || /configured logging driver does not support reading/i.test(said)) return new EngineError('unreadable-driver', said, error);
  if (statusCode === 401 || statusCode === 403) {
    return new EngineError('refused', `the socket proxy refuses what watching needs (HTTP ${statusCode}): allow GET of events, containers/json, containers/*/json and containers/*/logs`, error);
  }
  if (statusCode === undefined) return new EngineError('cut', `the connection to the Docker engine broke (${code ?? said})`, error);
  return new EngineError('other', `the Docker engine answered HTTP ${statusCode}: ${said}`, error);
}

/** `0001-01-01T00:00:00Z` is Docker's word for never. */
function timeOrNull(written: string): number | null {
  const ms = Date.parse(written);
  return Number.isNaN(ms) || ms <= 0 ? null : ms;
}

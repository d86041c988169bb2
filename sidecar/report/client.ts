import { http } from '../node-http.ts';
import type { Secret } from '../settings/secret.ts';
import type { Outcome, Rung } from '../words.ts';
import type { OpenAlert } from './alerts.ts';
import type { BackupEntry, Channel, FixAnswer, Health, IncidentEntry, RepairEntry, SessionDetail, SessionSummary } from './house.ts';

/** The running sidecar said no. `message` is its sentence. */
export class SidecarError extends Error {
  override readonly name = 'SidecarError';
  /** `not-found`, a refusal code, … */
  readonly code: string;
  readonly status: number;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface ClientOptions {
  /** `<state>/auto-fix.sock` */
  socket: string;
  /** AUTO_FIX_TOKEN, where one is set. */
  token: Secret | null;
}

/** What only looks answers within this, or the sidecar hangs. Repairs take as long as they take. */
const LOOK_MS = 15_000;

/** The running sidecar, asked over its local socket. Null when none runs with that state folder. */
export async function connectSidecar(options: ClientOptions): Promise<SidecarClient | null> {
  const client = new SidecarClient(options);
  try {
    await client.health();
    return client;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') return null;
    if (code === 'EACCES') throw new SidecarError(0, 'no-rights', `the socket ${options.socket} may only be used by the user the sidecar runs as; run this command as that user`);
    throw error;
  }
}

type Body = Record<string, unknown>;

export class SidecarClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Its health, red or green. */
  health(): Promise<Health> {
    return this.#json<Health>('GET', '/healthz', { alsoOn: 503 });
  }

  async sessions(): Promise<SessionSummary[]> {
    return (await this.#json<{ sessions: SessionSummary[] }>('GET', '/api/sessions')).sessions;
  }

  async session(id: string): Promise<SessionDetail> {
    return (await this.#json<{ session: SessionDetail }>('GET', `/api/sessions/${encodeURIComponent(id)}`)).session;
  }

  incidents(): Promise<{ incidents: IncidentEntry[]; alerts: OpenAlert[] }> {
    return this.#json('GET', '/api/incidents');
  }

  async repairs(): Promise<RepairEntry[]> {
    return (await this.#json<{ repairs: RepairEntry[] }>('GET', '/api/repairs')).repairs;
  }

  async backups(): Promise<BackupEntry[]> {
    return (await this.#json<{ backups: BackupEntry[] }>('GET', '/api/backups')).backups;
  }

  async channels(wrapperSecret: Secret | null): Promise<Channel[]> {
    const headers: Record<string, string> = wrapperSecret ? { 'x-gateway-secret': wrapperSecret.reveal() } : {};
    return (await this.#json<{ channels: Channel[] }>('GET', '/api/channels', { headers })).channels;
  }

  /** Resolves when the repair has ended. */
  fix(id: string, how: { rung?: Rung | null; dryRun?: boolean }): Promise<FixAnswer> {
    return this.#json('POST', `/api/sessions/${encodeURIComponent(id)}/fix`, { body: how, patient: true });
  }

  /** `forHowLong` such as `2h`; null until somebody resumes. */
  async pause(forHowLong: string | null): Promise<void> {
    await this.#json('POST', '/api/pause', { body: { for: forHowLong } });
  }

  async resume(): Promise<void> {
    await this.#json('POST', '/api/resume', { body: {} });
  }

  async mute(id: string, forHowLong: string | null): Promise<void> {
    await this.#json('POST', `/api/sessions/${encodeURIComponent(id)}/mute`, { body: { for: forHowLong } });
  }

  /** Resolves when the session was restored, started and verified. */
  async restore(backupId: string): Promise<Outcome> {
    return (await this.#json<{ outcome: Outcome }>('POST', `/api/backups/${encodeURIComponent(backupId)}/restore`, { body: {}, patient: true })).outcome;
  }

  async qrPng(id: string): Promise<Buffer> {
    return (await this.#ask('GET', `/api/sessions/${encodeURIComponent(id)}/qr.png`, { patient: true })).body;
  }

  async #json<T>(method: string, path: string, extra: Extra = {}): Promise<T> {
    return JSON.parse((await this.#ask(method, path, extra)).body.toString()) as T;
  }

  #ask(method: string, path: string, extra: Extra): Promise<Answer> {
    const { socket, token } = this.#options;
    const body = extra.body === undefined ? undefined : JSON.stringify(extra.body);
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      ...(token ? { authorization: `Bearer ${token.reveal()}` } : {}),
      ...extra.headers,
    };
    const deadline = extra.patient ? undefined : AbortSignal.timeout(LOOK_MS);
    return new Promise((resolve, reject) => {
      const call = http.request({ socketPath: socket, path, method, headers, agent: false, ...(deadline ? { signal: deadline } : {}) }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject).once('end', () => {
          const answer = { status: response.statusCode ?? 0, body: Buffer.concat(chunks) };
          if (answer.status === 200 || answer.status === extra.alsoOn) resolve(answer);
          else reject(asError(answer));
        });
      });
      call.once('error', (error: NodeJS.ErrnoException) => reject(deadline?.aborted ? hung(socket) : error.code === 'ECONNRESET' ? new SidecarError(0, 'gone', GONE) : error));
      call.end(body);
    });
  }
}

interface Extra { body?: Body; headers?: Record<string, string>; patient?: boolean; alsoOn?: number }
interface Answer { status: number; body: Buffer }

function asError({ status, body }: Answer): SidecarError {
  try {
    const { error, message } = JSON.parse(body.toString()) as { error: string; message: string };
    return new SidecarError(status, error, message);
  } catch {
    return new SidecarError(status, 'unexpected', `the sidecar answered ${status} without saying why`);
  }
}

const GONE = 'the sidecar stopped before it answered; what it was doing is finished or taken back, at the latest when it starts again: see auto-fix status and its log';
const hung = (socket: string): SidecarError =>
  new SidecarError(0, 'hangs', `the sidecar behind ${socket} does not answer within ${LOOK_MS / 1000} s; see its log, and restart it: docker compose restart auto-fix-sessions`);

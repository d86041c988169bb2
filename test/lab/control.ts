import { waitFor } from './engine.ts';

/** How a test talks to a stand-in: its own control path, beside the real routes and never counted among them. */
export class Control {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** Makes a fault happen to one session; resolves with the session's view and the fault's own `result`. */
  breakSession(session: string, fault: string, given: Record<string, unknown> = {}): Promise<SessionView> {
    return this.send('POST', `sessions/${encodeURIComponent(session)}/${fault}`, given) as Promise<SessionView>;
  }

  /** Makes the whole gateway hang, answer 500 or HTML, close sockets, or be slow; `{ kind: 'none' }` heals it. */
  breakGateway(fault: { kind: 'none' | 'hang' | 'error-500' | 'html-502' | 'close-socket' | 'slow'; ms?: number; only?: string }): Promise<unknown> {
    return this.send('POST', 'gateway', fault);
  }

  /** Prints a line as it is. */
  print(line: string): Promise<unknown> {
    return this.send('POST', 'print', line);
  }

  /** Requests so far, by `METHOD path`; a session is spelled out, a secret is not: `GET /api/:secret/show-all-sessions`. */
  calls(): Promise<Record<string, number>> {
    return this.send('GET', 'calls') as Promise<Record<string, number>>;
  }

  forgetCalls(): Promise<unknown> {
    return this.send('DELETE', 'calls');
  }

  async session(name: string): Promise<SessionView> {
    const { sessions } = (await this.send('GET', 'state')) as { sessions: Record<string, SessionView> };
    const found = sessions[name];
    if (!found) throw new Error(`the stand-in at ${this.url} has no session ${name}; it has ${Object.keys(sessions).join(', ')}`);
    return found;
  }

  async send(method: string, path: string, body?: unknown): Promise<unknown> {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(`${this.url}/__lab/${path}`, { method, body: text });
    const given: unknown = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(given)}`);
    return given;
  }
}

/** What a stand-in says about one of its sessions. */
export interface SessionView {
  status: string;
  starts: number;
  /** ISO time since when it is connected without a break; null when it is not. */
  connectedSince: string | null;
  /** wppconnect-server: the browser it knows of; null when there is none or it died. */
  browserPid?: number | null;
  result?: unknown;
}

/** Waits for a stand-in: as `waitFor`, at the pace of an in-process server. */
export const until = <T>(what: string, look: () => T | Promise<T>, withinMs = 15_000): Promise<NonNullable<T>> =>
  waitFor(look, what, { withinMs, everyMs: 20 });

/** What the wrapper knows of one session, in words of wppconnect-server. */
export interface Upstream {
  status: string;
  /** `Connected` or `Disconnected`, or what went wrong. */
  message: string;
}

/** The wrapper's own client of wppconnect-server: patient to a fault, which is why its list is slow when one session hangs. */
export class WppClient {
  readonly #base: string;
  readonly #secret: string;
  readonly #patienceMs: number;
  readonly #tokens = new Map<string, string>();

  constructor(base: string, secret: string, patienceMs: number) {
    this.#base = base;
    this.#secret = secret;
    this.#patienceMs = patienceMs;
  }

  async look(session: string): Promise<Upstream> {
    const { status } = await this.#json('GET', session, 'status-session') as { status: string };
    const { message } = await this.#json('GET', session, 'check-connection-session') as { message: string };
    return { status, message };
  }

  status = (session: string) => this.#json('GET', session, 'status-session') as Promise<{ status: string; qrcode: string | null }>;
  start = (session: string) => this.#json('POST', session, 'start-session');
  logout = (session: string) => this.#json('POST', session, 'logout-session');

  async #json(method: string, session: string, verb: string): Promise<unknown> {
    const answer = await fetch(`${this.#base}/api/${encodeURIComponent(session)}/${verb}`, {
      method, headers: { authorization: `Bearer ${await this.#token(session)}`, 'content-type': 'application/json' },
      body: method === 'POST' ? '{}' : undefined, signal: AbortSignal.timeout(this.#patienceMs),
    });
    return answer.json();
  }

  async #token(session: string): Promise<string> {
    const known = this.#tokens.get(session);
    if (known) return known;
    const answer = await fetch(`${this.#base}/api/${encodeURIComponent(session)}/${this.#secret}/generate-token`, { method: 'POST', signal: AbortSignal.timeout(this.#patienceMs) });
    const { token } = (await answer.json()) as { token: string };
    this.#tokens.set(session, token);
    return token;
  }
}

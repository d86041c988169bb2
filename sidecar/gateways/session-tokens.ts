import { ofSecret, ofShape } from './faults.ts';
import { GatewayError } from './gateway.ts';
import { fieldOf, type Answer, type Call, type GatewayHttp } from './http.ts';
import { urlPart } from './names.ts';

/**
 * wppconnect-server wants a token per session, which anybody with its secret may mint, any number of times; they are kept in
 * memory only. A wrong secret is answered with 400 [run, 2.10.4].
 */
export class SessionTokens {
  readonly #http: GatewayHttp;
  readonly #secretInPath: string;
  readonly #deadlineMs: number;
  readonly #minted = new Map<string, string>();

  constructor(http: GatewayHttp, secretKey: string, deadlineMs: number) {
    this.#http = http;
    this.#secretInPath = encodeURIComponent(secretKey);
    this.#deadlineMs = deadlineMs;
  }

  async of(name: string, signal?: AbortSignal): Promise<string> {
    const known = this.#minted.get(name);
    if (known !== undefined) return known;
    const token = await this.#mint(name, signal);
    this.#minted.set(name, token);
    return token;
  }

  /** Forgets that token, unless another call has already replaced it. */
  forget(name: string, token: string): void {
    if (this.#minted.get(name) === token) this.#minted.delete(name);
  }

  /** A call that carries the secret in its path, where a 400 means that the secret is wrong. `path` takes the encoded secret. */
  async askWithSecret(path: (secret: string) => string, call: Omit<Call, 'path' | 'shownPath' | 'deadlineMs'>): Promise<Answer> {
    const { name, secretSetting } = this.#http.asked;
    if (this.#secretInPath === '') throw new GatewayError('wrong-secret', `${name} cannot be asked without its secret, so its sessions can be neither looked at nor repaired; set ${secretSetting}`);
    const answer = await this.#http.ask({ ...call, path: path(this.#secretInPath), shownPath: path('***'), deadlineMs: this.#deadlineMs, alsoTake: [400] });
    if (answer.status === 400) throw ofSecret(this.#http.asked, 400, this.#http.quote(answer));
    return answer;
  }

  async #mint(name: string, signal?: AbortSignal): Promise<string> {
    const path = (secret: string) => `/api/${urlPart(name)}/${secret}/generate-token`;
    const answer = await this.askWithSecret(path, { method: 'POST', signal, looks: true });
    const token = fieldOf(answer.json, 'token');
    if (typeof token !== 'string' || token === '') throw ofShape(this.#http.asked, `POST ${path('***')}`, '"token"');
    return token;
  }
}

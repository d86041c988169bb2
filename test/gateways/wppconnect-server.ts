import type { ServerResponse } from 'node:http';
import { WppconnectGateway } from '../../sidecar/gateways/wppconnect.ts';
import { AT_ONCE, json, serve, type Handler, type Seen } from './server.ts';

export const SECRET = 'a/secret with+signs';
export const NAME = 'Pixel12 Digital';
export const URL_NAME = 'Pixel12%20Digital';

/** What one test changes about the server; each gets the response, or false to let the server answer as usual. */
export type Route = (request: Seen, response: ServerResponse) => void | false;

/**
 * Answers as wppconnect-server 2.10.4 does: opaque tokens per session, 400 for a wrong secret, 401 for a wrong token.
 * `routes` are by their last part: `status-session`.
 */
export async function wppconnectServer(routes: Record<string, Route> = {}, given: Record<string, string | null> = {}) {
  const state: Record<string, string | null> = Object.assign(Object.create(null), given);
  let minted = 0;
  const valid = new Map<string, string>();
  const handler: Handler = (request, response) => {
    const parts = request.url.split('/').slice(1).map(decodeURIComponent);
    const route = parts.at(-1)!;
    const bySecret = route === 'show-all-sessions' || route === 'generate-token';
    if (bySecret && parts.at(-2) !== SECRET) return json(response, 400, { response: false, message: 'The token is incorrect' });
    const session = parts[1]!;
    if (!bySecret && route !== 'healthz') {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
      if (valid.get(token ?? '') !== session) return json(response, 401, { error: 'Check that the Session and Token are correct' });
    }
    if (routes[route] && routes[route](request, response) !== false) return undefined;
    switch (route) {
      case 'generate-token': {
        const token = `$2b$10$token-${++minted}`;
        valid.set(token, session);
        return json(response, 201, { status: 'success', session, token, full: `${session}:${token}` });
      }
      case 'show-all-sessions': return json(response, 200, { response: Object.keys(state) });
      case 'status-session': return json(response, 200, { status: state[session] ?? 'CLOSED', qrcode: null });
      case 'check-connection-session': return json(response, 200, { status: state[session] === 'CONNECTED', message: 'Connected' });
      case 'start-session':
        json(response, 200, { status: state[session] ?? 'CLOSED', qrcode: null });
        if ((state[session] ?? 'CLOSED') === 'CLOSED') state[session] = 'INITIALIZING';
        return undefined;
      case 'close-session':
        state[session] = null;
        return json(response, 200, { status: true, message: 'Session successfully closed' });
      case 'healthz': return json(response, 200, { message: 'OK' });
      default: return json(response, 404, { message: `no such route ${route}` });
    }
  };
  return { ...(await serve(handler)), state, forgetTokens: () => valid.clear(), minted: () => minted };
}

/** For tests in which something never answers; the others have the usual deadlines. */
export const HASTY = { checkMs: 150, closeMs: 150 };

export async function gatewayOf(routes: Record<string, Route> = {}, given: Record<string, string | null> = { [NAME]: 'CONNECTED' }, { secretKey = SECRET, timings = {} } = {}) {
  const server = await wppconnectServer(routes, given);
  const gateway = new WppconnectGateway({ url: server.url, secretKey, timings, retrying: AT_ONCE });
  return { gateway, server, state: server.state };
}

export const never: Route = () => {};
/** Loses the connection the first `times` times. */
export const losing = (times: number): Route => (_, response) => (times-- > 0 ? void response.socket!.destroy() : false);

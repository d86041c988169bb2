import { GatewayError } from './gateway.ts';

/** Who is asked, in the operator's words; every message about a fault is made of these. */
export interface Asked {
  /** `wppconnect-server` */
  name: string;
  /** Host and port (and path prefix), never a secret: `wppconnect-server:21465`. */
  address: string;
  /** The settings that hold address and secret: `WPPCONNECT_URL`, `WPPCONNECT_SECRET_KEY`. */
  urlSetting: string;
  secretSetting: string;
  /** What to set it to, where that is not simply the secret that the gateway has. */
  secretAdvice?: string;
}

const BLIND = 'so its sessions can be neither looked at nor repaired';

/** Codes with which nothing reached the other side, so that asking again repeats nothing. */
const NEVER_ARRIVED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** True when the request of that error surely never reached the gateway. */
export const neverArrived = (error: unknown): boolean =>
  error instanceof GatewayError && error.fault === 'unreachable' && NEVER_ARRIVED.has(codeOf(error.cause));

/** The system's code; a host with several addresses reports one error per address (node's "happy eyeballs"). */
function codeOf(error: unknown): string {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown[] };
  if (typeof code === 'string') return code;
  return errors?.length ? codeOf(errors[0]) : '';
}

/** What a failed connection means: container down, wrong name, wrong port, cut in the middle. */
export function ofConnection(asked: Asked, request: string, cause: unknown): GatewayError {
  const code = codeOf(cause);
  const fail = (message: string) => new GatewayError('unreachable', message, { cause });
  switch (code) {
    case 'ECONNREFUSED':
      return fail(`${asked.name} refused the connection at ${asked.address}: its container is not up or it listens on another port, ${BLIND}; start the container or correct ${asked.urlSetting}`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return fail(`the name in ${asked.address} is not known here (DNS): ${asked.name} is not up or not in the same Docker network, ${BLIND}; start it, join its network or correct ${asked.urlSetting}`);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return fail(`there is no way to ${asked.address}: ${asked.name} is in another network or its host is down, ${BLIND}; join its Docker network or correct ${asked.urlSetting}`);
    case 'ERR_INVALID_CHAR':
      return new GatewayError('unexpected', `the secret for ${asked.name} holds a character that cannot be sent in a header, ${BLIND}; look for a line end or a quote in ${asked.secretSetting}`);
  }
  if (code.startsWith('HPE_') || code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return new GatewayError('unexpected', `what answers at ${asked.address} is not ${asked.name} (not the expected http or https): probably a wrong port, ${BLIND}; correct ${asked.urlSetting}`, { cause });
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_/.test(code)) {
    return fail(`the certificate at ${asked.address} is not trusted (${code}), ${BLIND}; give its authority in NODE_EXTRA_CA_CERTS or correct ${asked.urlSetting}`);
  }
  return fail(`${asked.name} closed the connection during ${request} (${code || 'no reason given'}): it is restarting, or a proxy cuts connections, so nobody knows whether that was carried out; look at its container's log`);
}

/** `hint` replaces the usual meaning where slowness has a known one. */
export function ofDeadline(asked: Asked, request: string, deadlineMs: number, hint?: string): GatewayError {
  const meaning = hint ?? 'it hangs or is overloaded; look at its container (CPU, memory, log) and restart it if this lasts';
  return new GatewayError('timeout', `${asked.name} did not answer ${request} within ${deadlineMs / 1000} s: ${meaning}`);
}

/** What a status other than 2xx, or a web page where JSON was due, means. `said` is safe to show. */
export function ofAnswer(asked: Asked, request: string, status: number, page: boolean, said: string): GatewayError {
  const { name, address, urlSetting } = asked;
  const fail = (fault: GatewayError['fault'], message: string) => new GatewayError(fault, message, { status });
  const quoted = said ? `: ${said}` : '';

  if (status >= 300 && status < 400) {
    return fail('proxy', `${address} sends ${request} elsewhere (${status}): a proxy in front of ${name} redirects to https or to a login page, ${BLIND}; set ${urlSetting} to the address of ${name} itself`);
  }
  if (status === 401 || status === 403) {
    return page
      ? fail('proxy', `a proxy in front of ${name} asks for a login of its own (${status} with a web page), ${BLIND}; set ${urlSetting} to the address of ${name} itself`)
      : ofSecret(asked, status, said);
  }
  if (status === 502 || status === 504 || (status === 503 && page)) {
    return fail('proxy', `a proxy in front of ${name} answers ${status}: the proxy is up and ${name} behind it is not, ${BLIND}; start ${name} or set ${urlSetting} to its own address`);
  }
  if (page) {
    return fail('html', `${address} answers ${request} with a web page (${status}): that is not the interface of ${name}, probably a wrong port or path, ${BLIND}; correct ${urlSetting}`);
  }
  if (status === 404) return fail('not-found', `${name} does not know ${request} (404${quoted}): it has no such session or no such route, and nothing was done; compare the session's name with its list`);
  if (status >= 500) return fail('server-error', `${name} failed at ${request} (${status}${quoted}): the fault is inside ${name}; look at its log`);
  return fail('unexpected', `${name} refuses ${request} (${status}${quoted}): this may be another version of it, or ${urlSetting} leads elsewhere`);
}

/** The gateway answered that the secret (or token) is not its own. */
export const ofSecret = ({ name, secretSetting, secretAdvice }: Asked, status: number, said: string): GatewayError =>
  new GatewayError('wrong-secret', `${name} rejects our secret (${status}${said ? `: ${said}` : ''}), ${BLIND}; set ${secretSetting} to ${secretAdvice ?? `the one ${name} uses`}`, { status });

/** A 2xx answer of an unknown shape. `missing` names what was looked for. */
export function ofShape(asked: Asked, request: string, missing: string): GatewayError {
  return new GatewayError('unexpected', `${asked.name} answered ${request} without ${missing}: this is another version of it or something else answers at ${asked.address}, ${BLIND}; check ${asked.urlSetting}`);
}

/** A verb that this gateway has no safe way for. */
export const ofVerb = (name: string, verb: string, why: string): GatewayError =>
  new GatewayError('unsupported', `${name} cannot be asked to ${verb}: ${why}`);

import { rmSync } from 'node:fs';
import { qrPicture } from './qr-picture.ts';
import { answer, type Answer, type Asked, type Service } from './service.ts';
import { tokenFileNames } from './chromium-profile.ts';
import type { WppHouse } from './wppconnect-server.ts';
import type { WppSession } from './wppconnect-session.ts';
import { mintToken, tokenFits } from './wppconnect-tokens.ts';

const VERSION = '2.10.4';

/** The routes a client may use. */
export function addWppRoutes(service: Service, house: WppHouse): void {
  const { secret } = house.options;
  const guarded = (handler: (session: string, asked: Asked) => Answer | Promise<Answer>) => (asked: Asked) => {
    const token = /^Bearer (.+)$/.exec(asked.headers.authorization ?? '')?.[1];
    if (token === undefined) return answer(401, { error: 'Token is not present. Check your header and try again' });
    const session = asked.params.session!;
    if (!tokenFits(token, session, secret)) return answer(401, { error: 'Check that the Session and Token are correct' });
    return handler(session, asked);
  };

  service.route('GET', '/healthz', () => answer(200, { healthcheck: 'OK' }));

  service.route('POST', '/api/:session/:secret/generate-token', ({ params }) => {
    if (params.secret !== secret) return answer(400, { response: false, message: 'The SECRET_KEY is incorrect' });
    const token = mintToken(params.session!, secret);
    return answer(201, { status: 'success', session: params.session, token, full: `${params.session}:${token}` });
  });

  service.route('GET', '/api/:secret/show-all-sessions', ({ params }) =>
    params.secret === secret
      ? answer(200, { response: tokenFileNames(house.tokens.dir) })
      : answer(400, { response: false, message: 'The token is incorrect' }));

  service.route('GET', '/api/:session/status-session', guarded(async (name) => {
    await house.sessions.get(name)?.lookedAt();
    return answer(200, stateOf(house.sessions.get(name)));
  }));

  service.route('GET', '/api/:session/check-connection-session', guarded(async (name) => {
    const session = house.sessions.get(name);
    await session?.lookedAt();
    if (session?.pageDead) return 'never';
    const answers = session?.browser && !session.browser.isGone && session.status !== 'INITIALIZING';
    return answer(200, answers ? { status: true, message: 'Connected' } : { status: false, message: 'Disconnected' });
  }));

  service.route('POST', '/api/:session/start-session', guarded((name, { json }) => {
    const session = house.session(name);
    const before = stateOf(session);
    const changesConfig = Object.keys(json).length > 0;
    if (session.status === null && (changesConfig || !house.tokens.exists(name))) {
      house.tokens.write(name, changesConfig ? String(json.webhook ?? '') : house.options.webhook ?? null);
    }
    session.start();
    return json.waitQrCode === true && session.status !== null ? 'never' : answer(200, before);
  }));

  service.route('POST', '/api/:session/close-session', guarded(async (name) => {
    const session = house.sessions.get(name);
    if (session && (await session.close())) return answer(200, { status: true, message: 'Session successfully closed' });
    house.log.closeFailed();
    return answer(500, { status: false, message: 'Error closing session', error: {} });
  }));

  service.route('GET', '/api/:session/qrcode-session', guarded((name) => {
    const session = house.sessions.get(name);
    if (session?.qr) return { status: 200, body: qrPicture(session.qr), type: 'image/png' };
    const status = session?.status ?? null;
    return answer(200, { status, message: status === null ? 'Session not started. Please, use the /start-session route, for initialization your session' : 'QRCode is not available...' });
  }));
}

/** Routes that do the harm the real ones do: a client that calls one has broken something. */
export function addForbiddenRoutes(service: Service, house: WppHouse): void {
  const { secret, exit = () => process.exit(1) } = house.options;
  const closeAllAndHang = async (): Promise<Answer> => {
    await Promise.all([...house.sessions.values()].map((session) => session.close()));
    return 'never';
  };

  service.route('POST', '/api/:session/logout-session', async ({ params }) => {
    const session = house.session(params.session!);
    await session.unlinkOnPhone();
    removeProfile(session);
    return answer(200, { status: true, message: 'Session successfully closed' });
  });
  service.route('POST', '/api/:session/:secret/clear-session-data', ({ params }) => {
    removeProfile(house.session(params.session!)); // before it looks at the secret
    return params.secret === secret ? answer(200, { success: true }) : answer(400, { response: 'error', message: 'The token is incorrect' });
  });
  service.route('GET', '/api/:secret/backup-sessions', closeAllAndHang);
  service.route('POST', '/api/:secret/restore-sessions', closeAllAndHang);
  service.route('POST', '/api/:secret/start-all', () => {
    for (const name of tokenFileNames(house.tokens.dir)) house.session(name).start();
    return answer(201, { status: 'success', message: 'Starting all sessions' });
  });
  service.route('GET', '/unhealthy', () => (exit(), 'never'));
}

const removeProfile = (session: WppSession): void => rmSync(session.parts.profile.dir, { recursive: true, force: true });

function stateOf(session: WppSession | undefined): Record<string, unknown> {
  if (!session || session.status === null) return { status: 'CLOSED', qrcode: null };
  const qrcode = session.qr ? `data:image/png;base64,${qrPicture(session.qr).toString('base64')}` : null;
  return { status: session.status, qrcode, urlcode: session.qr ?? '', version: VERSION };
}

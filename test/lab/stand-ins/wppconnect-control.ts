import { answer, LAB_PREFIX, type Asked, type Service } from './service.ts';
import type { CorruptPlace } from './chromium-profile.ts';
import type { WppHouse } from './wppconnect-server.ts';
import type { StartFault, WppSession } from './wppconnect-session.ts';
import { TROUBLES } from './wppconnect-troubles.ts';

/** A host name that no container of the lab has. */
const OTHER_HOST = '5d0c1f7ab3e2';

/** What a test can do to one session, by name: `POST /__lab/sessions/s1/kill-browser` with a JSON body. */
const FAULTS: Record<string, (session: WppSession, given: Record<string, unknown>, house: WppHouse) => unknown> = {
  /** The browser dies: one `browserClose`, the status stays CONNECTED. */
  'kill-browser': (session) => session.killBrowser(),
  /** The page hangs: nothing is printed, the probe never answers. */
  'freeze-renderer': (session) => {
    session.pageDead = true;
    session.browser?.freeze();
  },
  /** The page is gone, its browser lives: the same silence. */
  'crash-renderer': (session) => void (session.pageDead = true),
  'unlink-phone': (session) => session.unlinkOnPhone(),
  'phone-offline': (session) => void (session.phoneOnline = false),
  'phone-online': (session) => void (session.phoneOnline = true),
  /** `{"place":"login"|"cache"}`: a start fails until that file is gone or put back. */
  'corrupt-profile': (session, { place = 'login' }) => session.parts.profile.corrupt(place as CorruptPlace),
  /** The profile's lock names another machine, as after a recreate: Code 21 at the next start. Ends the session first. */
  'lock-elsewhere': async (session) => {
    await session.abandon();
    session.parts.profile.lock(OTHER_HOST, 91);
    session.start();
  },
  /** The server forgets its browser: "already running" at every start until that browser is ended. */
  'orphan-browser': (session) => {
    session.orphanBrowser();
    session.start();
  },
  /** `{"kind":"none"|"stuck"|"fails"|"zombie"|"short-lived"}`: what every later start comes to. */
  'next-starts': (session, { kind = 'none' }) => void (session.startFault = kind as StartFault),
  /** `{"ms":5000}`: starts take that long. */
  'slow-start': (session, { ms }) => void (session.parts.pace.startMs = Number(ms)),
  /** `{"ms":60000}`: who asks for its state sooner than that after a start unpairs it. */
  'fragile-start': (session, { ms }) => void (session.fragileMs = Number(ms)),
  /** Stuck now: the page never comes, the browser lives, INITIALIZING for ever. */
  'stick': async (session) => {
    await session.abandon();
    session.startFault = 'stuck';
    session.start();
    session.startFault = 'none';
  },
  'scan': (session) => session.scan(),
  /** A message arrives, if anybody is there to receive it. */
  'message': (session, { body = 'hello' }) => deliver(session, 'onmessage', { type: 'chat', body }),
  /** `{"count":15}`: contacts come and go; says nothing about the session. */
  'presence': (session, { count = 1 }) => {
    for (let i = 0; i < Number(count); i++) deliver(session, 'onpresencechanged', presence(i));
  },
  /** `{"name":"session-unpaired","count":6,"everyMs":2100}`: lines only; the session itself is well. */
  'print': async (session, { name, count = 1, everyMs = 0 }, house) => {
    const trouble = TROUBLES[String(name)];
    if (!trouble) throw new Error(`no trouble called ${String(name)}; there are ${Object.keys(TROUBLES).join(', ')}`);
    for (let i = 0; i < Number(count); i++) {
      if (i > 0 && Number(everyMs) > 0) await new Promise((resolve) => setTimeout(resolve, Number(everyMs)));
      trouble(house.log, session.parts.name, session.parts.profile.dir);
    }
  },
};

/** Lets tests break things and see what happened. */
export function addWppControl(service: Service, house: WppHouse): void {
  service.route('GET', `${LAB_PREFIX}/state`, () => answer(200, {
    posted: house.posted,
    sessions: Object.fromEntries([...house.sessions].map(([name, session]) => [name, view(session)])),
  }));
  service.route('POST', `${LAB_PREFIX}/sessions/:session/:fault`, async ({ params, json }: Asked) => {
    const fault = FAULTS[params.fault!];
    const session = house.sessions.get(params.session!);
    if (!fault || !session) return answer(404, { error: fault ? `no session ${params.session}` : `no fault ${params.fault}` });
    return answer(200, { result: (await fault(session, json, house)) ?? null, ...view(session) });
  });
  service.route('POST', `${LAB_PREFIX}/print`, ({ text }) => (house.log.raw(text), answer(200, {})));
}

const view = (session: WppSession) => ({
  status: session.status ?? 'CLOSED', starts: session.starts, connectedSince: session.connectedSince,
  browserPid: session.browser && !session.browser.isGone ? session.browser.pid : null,
  profile: session.parts.profile.dir,
});

/** Whether it reached the server's webhook: the whole way from the phone has to be alive. */
function deliver(session: WppSession, event: string, body: Record<string, unknown>): boolean {
  const alive = session.status === 'CONNECTED' && session.phoneOnline && !session.pageDead && session.browser !== null && !session.browser.isGone;
  if (alive) session.parts.post(event, body);
  return alive;
}

const presence = (i: number): Record<string, unknown> => ({
  id: `55119000${String(i).padStart(5, '0')}@c.us`, isOnline: i % 2 === 0, isGroup: false, isUser: true, isContact: false,
  participants: [], shortName: `Contact ${i}`, t: 1_770_000_000 + i, state: i % 2 === 0 ? 'available' : 'unavailable',
});

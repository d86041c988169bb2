import type { SessionView } from '../detect/detector.ts';
import { toMs } from '../event-time.ts';
import type { Hit, ProbeResult } from '../words.ts';
import { NOTHING_TOLD, saidBy, weigh, type News, type Standing } from './true-status.ts';

/** Lines after which the session is closed, whatever a status word goes on saying. Other trouble leaves that open. */
const CLOSING: ReadonlySet<string> = new Set([
  'page-closed', 'browser-closed', 'server-closed', 'auto-close', 'auto-close-word', 'connection-closed', 'status-word-lost',
  'status-word-auto-close',
  'stream-errored', 'connection-errored', 'update-closed', 'host-connection-closed',
]);
/** Of these, what a close that somebody asked for prints too: they tell of no fault. */
const PLAIN_CLOSING: ReadonlySet<string> = new Set(['page-closed', 'browser-closed', 'connection-closed', 'status-word-lost', 'update-closed']);
/** A contact's phone came or went. It passed through our session, and that is all it says. */
const PRESENCE = 'onpresencechanged';

type View = Pick<SessionView, 'activity' | 'phase' | 'phaseSince'>;

/** What the lines of a session told of its last close. Clock ms; null: nothing. */
export interface Closing {
  closedAt: number | null;
  /** The newest trouble that a wanted close does not print. */
  troubleAt: number | null;
}

/** The true status of every session: lines, looks and words weighed as they come. */
export class StatusBook {
  readonly #view: (session: string) => View;
  readonly #standings = new Map<string, Standing>();
  readonly #closings = new Map<string, Closing>();

  /** `view`: what the lines of a session tell beside their hits. */
  constructor(view: (session: string) => View) {
    this.#view = view;
  }

  /** A hit of a known session, in the order they are read. */
  heard(hit: Hit): void {
    if (!('session' in hit.who)) return;
    const { session } = hit.who;
    const at = toMs(hit.at);
    if (hit.class === 'recovery') this.#take(session, { at, says: 'connected', source: 'event', why: `its log says that it started (${hit.pattern})` });
    if (hit.class === 'logout') this.#take(session, { at, says: 'unpaired', source: 'event', why: `its log says that it was unlinked, banned or replaced (${hit.pattern})` });
    if (hit.class !== 'disconnect') return;
    const before = this.closing(session);
    const closes = CLOSING.has(hit.pattern);
    this.#closings.set(session, {
      closedAt: closes ? Math.max(at, before.closedAt ?? at) : before.closedAt,
      troubleAt: PLAIN_CLOSING.has(hit.pattern) ? before.troubleAt : Math.max(at, before.troubleAt ?? at),
    });
    if (closes) this.#take(session, { at, says: 'closed', source: 'event', why: `its log says that it was closed (${hit.pattern})` });
  }

  /** A look that was taken at `at` (clock ms). */
  looked(session: string, { probe, saw }: ProbeResult, at: number, source: 'probe' | 'gateway' = 'probe'): void {
    const says = saidBy[probe];
    if (says) this.#take(session, { at, says, source, why: probe === 'zombie' ? `connected in name only: ${saw}` : saw });
  }

  closing(session: string): Closing {
    return this.#closings.get(session) ?? { closedAt: null, troubleAt: null };
  }

  /** Its standing now, with the signs of life of its own lines. */
  of(session: string): Standing {
    return newsIn(this.#view(session)).reduce(weigh, this.#standings.get(session) ?? NOTHING_TOLD);
  }

  #take(session: string, news: News): void {
    const before = this.#standings.get(session) ?? NOTHING_TOLD;
    const after = weigh(before, news);
    // The same again may be something new: what its lines told in between decides since when it has been so.
    this.#standings.set(session, after.status === before.status ? weigh(this.of(session), news) : after);
  }
}

/** Oldest first. */
function newsIn({ activity, phase, phaseSince }: View): News[] {
  const news = Object.entries(activity).map(([event, at]): News =>
    ({ at: toMs(at), says: event === PRESENCE ? 'presence' : 'alive', source: 'event', why: `events come through it (${event})` }));
  if (phase === 'starting' && phaseSince !== null) news.push({ at: toMs(phaseSince), says: 'starting', source: 'event', why: 'its log says that it is starting' });
  return news.sort((a, b) => a.at - b.at);
}

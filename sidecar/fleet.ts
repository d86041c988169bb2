import type { Gateway } from './gateways/gateway.ts';
import type { Store } from './stores/store.ts';

/** One session with everything that can be done to it, each under the spelling its owner uses. */
export interface Target {
  /** The session's name: the spelling of the first list that names it. */
  session: string;
  /** Closes, starts and probes it; null when no gateway lists it. */
  gateway: { api: Gateway; name: string } | null;
  /** The front that can reconnect it or show its QR, where that is another gateway (gateway-wrapper). */
  front: { api: Gateway; name: string } | null;
  stores: { store: Store; name: string }[];
  /** Watched container in which its browser runs, when known. */
  container: string | null;
}

/** Who is known. Spellings meet on lower case without spaces and dashes; two names of one list never merge. */
export interface KnownSessions {
  /** Sessions by their own spelling. */
  names(): string[];
  /** The known session meant by that spelling (or alias), or null: unknown, or two real sessions would merge. */
  resolve(spelled: string): string | null;
  /** The sessions that live in that watched container, as far as known. */
  inContainer(container: string): string[];
  /** The one session whose store holds `session-<peer address>.json`; null for none or several. */
  holderOfPeer(address: string): string | null;
}

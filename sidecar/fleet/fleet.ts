import type { Clock } from '../clock.ts';
import type { Gateway } from '../gateways/gateway.ts';
import { Roster } from './roster.ts';
import type { Store } from '../stores/store.ts';

/** One session with everything that can be done to it, each under the spelling its owner uses. */
export interface Target {
  /** The session's name: the spelling of the first list that names it. */
  session: string;
  /**
   * The gateway to probe it by, which closes and starts it where any can (see its `can`: a front alone cannot). Null when no
   * gateway lists it.
   */
  gateway: { api: Gateway; name: string } | null;
  /** With `gateway` null: why, where a gateway that might list it has never answered. */
  unlisted?: string;
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

/** What lives in a watched container. The wrapper's container holds the same sessions as the server behind it. */
export interface Home {
  /** The gateway whose process (and browsers) runs there, if it is one. */
  runs: Gateway | null;
  /** Whose lists name the sessions that its log speaks of. */
  lists: readonly (Gateway | Store)[];
}

export interface FleetParts {
  /**
   * Names are given by the gateways that start sessions, then by the stores (which spell as those do, and can be read while
   * they are down), then by the other gateways.
   */
  gateways: readonly Gateway[];
  stores: readonly Store[];
  /** Alias to session, as in AUTO_FIX_ALIASES. */
  aliases: ReadonlyMap<string, string>;
  /** By watched container. */
  homes: ReadonlyMap<string, Home>;
  /** Peer address to the sessions whose folder holds `session-<address>.json`, in their store's spelling. */
  peers?: () => Promise<ReadonlyMap<string, readonly string[]>>;
  clock: Clock;
  tell: (level: 'info' | 'warn', message: string) => void;
}

/** How one list stands, for `doctor` and `/healthz`. */
export interface Listing {
  source: string;
  /** Of its last answer. */
  names: readonly string[];
  /** Clock time (ms) of its last answer; null when it never gave one. */
  answeredAt: number | null;
  /** Why it does not answer now; null when it does, or when it was never asked. */
  failure: string | null;
}

type Lister = Gateway | Store;
const startsSessions = (gateway: Gateway): boolean => gateway.can.has('start');
const isGateway = (lister: Lister): lister is Gateway => 'can' in lister;

/** All sessions of all gateways and stores. Knows nobody before the first `refresh`. */
export class Fleet implements KnownSessions {
  readonly #parts: FleetParts;
  readonly #listers: readonly Lister[];
  readonly #listings: Listing[];
  readonly #told = new Set<string>();
  #peers: ReadonlyMap<string, readonly string[]> = new Map();
  #peersFailed = false;
  #roster: Roster;
  /** Answers of `inContainer`, which is asked for every line that names nobody. */
  readonly #inContainer = new Map<string, string[]>();
  #refreshing: Promise<void> | null = null;

  constructor(parts: FleetParts) {
    this.#parts = parts;
    this.#listers = [...parts.gateways.filter(startsSessions), ...parts.stores, ...parts.gateways.filter((gateway) => !startsSessions(gateway))];
    this.#listings = this.#listers.map((lister) => ({ source: lister.kind, names: [], answeredAt: null, failure: null }));
    this.#roster = new Roster([], new Map());
  }

  /**
   * Asks every list anew; each counts as soon as it answers, and one that fails keeps its last answer and is told once. Never
   * rejects. A call during another one shares it.
   */
  refresh(signal?: AbortSignal): Promise<void> {
    this.#refreshing ??= this.#askAll(signal).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  /** Asks the stores alone, which answer at once: where a session's data lies is looked at again before any of it is touched. Never rejects. */
  async refreshStores(): Promise<void> {
    await Promise.all(this.#listers.map((lister, index) => (isGateway(lister) ? undefined : this.#ask(lister, this.#listings[index]!))));
  }

  names(): string[] {
    return this.#roster.names();
  }

  resolve(spelled: string): string | null {
    return this.#roster.resolve(spelled);
  }

  inContainer(container: string): string[] {
    const known = this.#inContainer.get(container);
    if (known) return known;
    const lists = this.#parts.homes.get(container)?.lists ?? [];
    const found = this.names().filter((session) => lists.some((lister) => this.#nameIn(lister, session) !== null));
    this.#inContainer.set(container, found);
    return found;
  }

  holderOfPeer(address: string): string | null {
    const holders = new Set((this.#peers.get(address) ?? []).map((name) => this.resolve(name)));
    return holders.size === 1 ? [...holders][0]! : null;
  }

  /**
   * Null for a session in no list. `toRestore`: with every store of its gateway, also one that holds nothing of it now, for a backup
   * may bring that back.
   */
  target(session: string, toRestore = false): Target | null {
    if (!this.#roster.has(session)) return null;
    const asked = this.#parts.gateways.flatMap((api) => {
      const name = this.#nameIn(api, session);
      return name === null ? [] : [{ api, name }];
    });
    const gateway = asked.find(({ api }) => startsSessions(api)) ?? asked[0] ?? null;
    const front = asked.find((other) => other !== gateway && other.api.can.has('reconnect')) ?? null;
    const stores = this.#parts.stores.flatMap((store) => {
      const name = this.#nameIn(store, session) ?? this.#mayHold(store, gateway, toRestore);
      return name === null ? [] : [{ store, name }];
    });
    const target: Target = { session, gateway, front, stores, container: gateway && this.#runsIn(gateway.api) };
    const silent = gateway === null ? this.#listings.find(({ answeredAt, failure }, index) => isGateway(this.#listers[index]!) && answeredAt === null && failure !== null) : undefined;
    return silent ? { ...target, unlisted: silent.failure! } : target;
  }

  /**
   * A store that has never answered may hold the session: without it, half of its data would be taken for all of it. Redis may
   * at any time: its keys come and go with each reset, so a list without them is soon old, and to look and find none is harmless.
   */
  #mayHold(store: Store, gateway: Target['gateway'], toRestore: boolean): string | null {
    const { answeredAt } = this.#listings[this.#listers.indexOf(store)]!;
    if (gateway === null || (!toRestore && answeredAt !== null && store.kind !== 'redis')) return null;
    const homes = [...this.#parts.homes.values()].filter(({ runs }) => runs === gateway.api);
    const kin = homes.some(({ lists }) => lists.includes(store)) || (toRestore && homes.length === 0);
    return kin ? gateway.name : null;
  }

  listings(): readonly Readonly<Listing>[] {
    return this.#listings.map((listing) => ({ ...listing }));
  }

  async #askAll(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#listers.map((lister, index) => this.#ask(lister, this.#listings[index]!, signal)), this.#askPeers()]);
  }

  async #ask(lister: Lister, listing: Listing, signal?: AbortSignal): Promise<void> {
    try {
      listing.names = isGateway(lister) ? (await lister.list(signal)).map(({ name }) => name) : await lister.list();
      if (listing.failure !== null) this.#parts.tell('info', `the list of ${listing.source} answers again: ${sessions(listing.names.length)}`);
      listing.answeredAt = this.#parts.clock.now();
      listing.failure = null;
    } catch (error) {
      if (signal?.aborted) return; // we are stopping: that is nobody's failure
      const failure = wordsOf(error);
      if (listing.failure === null) this.#parts.tell('warn', `the list of ${listing.source} cannot be had, its last answer (${sessions(listing.names.length)}) is kept: ${failure}`);
      listing.failure = failure;
    }
    this.#meet();
  }

  async #askPeers(): Promise<void> {
    if (!this.#parts.peers) return;
    try {
      this.#peers = await this.#parts.peers();
      this.#peersFailed = false;
    } catch (error) {
      if (!this.#peersFailed) this.#parts.tell('warn', `the peers of the sessions cannot be read anew, those known are kept: ${wordsOf(error)}`);
      this.#peersFailed = true;
    }
  }

  /** A list waits for those before it to answer or fail a first time: a session must not change its name while we start. */
  #meet(): void {
    const unasked = this.#listings.findIndex(({ answeredAt, failure }) => answeredAt === null && failure === null);
    const complete = this.#listings.every(({ answeredAt }) => answeredAt !== null);
    this.#roster = new Roster(unasked < 0 ? this.#listings : this.#listings.slice(0, unasked), this.#parts.aliases, complete);
    this.#inContainer.clear();
    for (const remark of this.#roster.remarks) {
      if (!this.#told.has(remark)) this.#parts.tell('warn', remark);
      this.#told.add(remark);
    }
  }

  #nameIn(lister: Lister, session: string): string | null {
    return this.#roster.spelling(session, this.#listers.indexOf(lister));
  }

  #runsIn(gateway: Gateway): string | null {
    for (const [container, home] of this.#parts.homes) if (home.runs === gateway) return container;
    return null;
  }
}

const sessions = (count: number): string => (count === 1 ? '1 session' : `${count} sessions`);
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

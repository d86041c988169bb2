/** Names as one gateway or store lists them, in its own spelling. */
export interface NamedList {
  /** For messages: `wppconnect-server`. */
  source: string;
  names: readonly string[];
}

/** Longer spellings are nobody's name; a log line may hold anything. */
const LONGEST_NAME = 200;

/** Spellings with the same key meet: lower case without spaces and dashes. */
export const meetingKey = (name: string): string => name.normalize('NFC').toLowerCase().replace(/[\s-]+/g, '');

const isName = (name: string): boolean =>
  name.length <= LONGEST_NAME && name.isWellFormed() && meetingKey(name) !== '' && !/[:\p{Cc}]/u.test(name)
  && !name.split('/').some((part) => part === '' || part === '.' || part === '..');

/**
 * Who is who, out of several lists of the same sessions. A session is called as the first list that names it spells it. Two names of
 * one list never merge, even if their spellings would meet: then each is known by its exact spelling only, in every list.
 */
export class Roster {
  /** What the operator should know about these lists and aliases, each a sentence. */
  readonly remarks: string[] = [];
  /** Keys that mean two sessions of one list. */
  readonly #torn = new Set<string>();
  /** Session to its spelling per list. */
  readonly #sessions = new Map<string, Map<number, string>>();
  /** Meeting key, or exact spelling where the key is torn, to session. */
  readonly #byKey = new Map<string, string>();
  readonly #aliases = new Map<string, string>();

  /** `complete`: every list has answered, so an alias that names nobody is worth a remark. */
  constructor(lists: readonly NamedList[], aliases: ReadonlyMap<string, string>, complete = true) {
    const usable = lists.map((list) => ({ ...list, names: this.#usableOf(list) }));
    for (const list of usable) this.#tearApart(list);
    usable.forEach((list, index) => {
      for (const name of list.names) this.#enter(name, index);
    });
    for (const [alias, session] of aliases) this.#give(alias, session, complete);
  }

  names(): string[] {
    return [...this.#sessions.keys()];
  }

  has(session: string): boolean {
    return this.#sessions.has(session);
  }

  /** The session meant by that spelling; a listed name goes before an alias. */
  resolve(spelled: string): string | null {
    if (spelled.length > LONGEST_NAME) return null;
    return this.#listed(spelled) ?? this.#aliases.get(spelled) ?? this.#aliases.get(meetingKey(spelled)) ?? null;
  }

  /** How list number `list` spells that session; null when it does not name it. */
  spelling(session: string, list: number): string | null {
    return this.#sessions.get(session)?.get(list) ?? null;
  }

  #listed(spelled: string): string | null {
    if (this.#sessions.has(spelled)) return spelled;
    return this.#byKey.get(this.#keyOf(spelled)) ?? null;
  }

  #keyOf(name: string): string {
    const key = meetingKey(name);
    return this.#torn.has(key) ? name : key;
  }

  #usableOf({ source, names }: NamedList): string[] {
    return [...new Set(names)].filter((name) => {
      if (isName(name)) return true;
      this.remarks.push(`${source} lists the name ${JSON.stringify(name.slice(0, 40))}, which no session can have: it is left out; rename it there`);
      return false;
    });
  }

  #tearApart({ source, names }: NamedList): void {
    for (const [key, spellings] of Map.groupBy(names, meetingKey)) {
      if (spellings.length < 2) continue;
      this.#torn.add(key);
      const quoted = spellings.map((name) => `"${name}"`).join(' and ');
      this.remarks.push(`${quoted} are ${spellings.length} sessions of ${source} although only case, spaces or dashes tell them apart: each is known by its exact spelling only, other spellings are nobody's; remove the one that is there by mistake`);
    }
  }

  #enter(name: string, list: number): void {
    const key = this.#keyOf(name);
    const session = this.#byKey.get(key) ?? name;
    this.#byKey.set(key, session);
    const spellings = this.#sessions.get(session) ?? new Map<number, string>();
    this.#sessions.set(session, spellings.set(list, name));
  }

  #give(alias: string, meant: string, complete: boolean): void {
    const session = this.#listed(meant);
    if (session === null) {
      if (complete) this.remarks.push(`AUTO_FIX_ALIASES gives ${alias} to ${meant}, which is in no list: lines about ${alias} stay nobody's; correct the name`);
      return;
    }
    const owner = this.#listed(alias);
    if (owner !== null && owner !== session) {
      this.remarks.push(`AUTO_FIX_ALIASES gives ${alias} to ${session}, but that is the name of the session ${owner} itself: the alias does nothing; remove it`);
      return;
    }
    this.#aliases.set(alias, session);
    const key = meetingKey(alias);
    if (!this.#torn.has(key) && !this.#aliases.has(key)) this.#aliases.set(key, session);
  }
}

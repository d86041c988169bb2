import { eventTime, fromMs, msOf, nanosOf, secondOf, toMs } from '../event-time.ts';
import type { KnownSessions } from '../fleet/fleet.ts';
import { evidenceOf } from '../redact.ts';
import type { Attribution, FaultClass, Hit, LogLine, Nanos, Origin, Sign } from '../words.ts';
import { readActivity } from './activity.ts';
import { attribute } from './attribute.ts';
import type { Settled } from './blocks.ts';
import type { CauseHint } from './cause.ts';
import { Containers, type ContainerState } from './containers.ts';
import { readEnvelope, type Envelope } from './envelope.ts';
import { firingOf, shown, type Reading, type WindowView } from './firing.ts';
import { byShape, firstMatch, type ByShape, type Match } from './match.ts';
import { NewestTime } from './newest.ts';
import { Owners, ownerOf } from './owners.ts';
import type { Pattern } from './pattern.ts';
import { peersIn } from './peers.ts';
import { prefilter } from './prefilter.ts';
import { SessionLife, type Life } from './session-life.ts';
import { SignReader } from './signs.ts';

export interface DetectorOptions {
  patterns: readonly Pattern[];
  sessions: KnownSessions;
  /** A window fires when it holds more than so many. */
  maxHits: number;
  windowMs: number;
}

/** What is known of a session from its lines. */
export interface SessionView extends Life {
  /** Hits inside the window that ends now. */
  corruption: number;
  disconnect: number;
}

const NOTHING: readonly Reading[] = [];
/** The engine's clock and ours may differ by that much; stamps further ahead come from a clock that was wrong. */
export const CLOCKS_DIFFER_MS = 60_000;
/** Patterns of a class that are worth looking for in every line. */
const sought = (pattern: Pattern): boolean => pattern.class !== 'benign' || pattern.phase !== null || pattern.part !== null;

/**
 * Log lines in, hits and firings out: which session is breaking, and how. Pure: time is the lines' own event time,
 * so a recording gives what the live stream gives. Everyday lines cost one pass of the prefilter.
 */
export class Detector {
  /** A line without any of these words needs no text: it only moves time. */
  readonly words: readonly string[];
  /** Reads everyday signs of life from a line's bytes; null where no pattern asks for them. */
  readonly signs: SignReader | null;
  readonly #sessions: KnownSessions;
  readonly #patterns: readonly Pattern[];
  readonly #byShape: ByShape;
  readonly #interesting: (text: string) => boolean;
  readonly #containers = new Containers();
  readonly #owners: Owners;
  readonly #life: SessionLife;
  /** The pattern whose lines `readActivity` reads in its place. */
  readonly #everyday: Pattern | undefined;
  readonly #newest = new NewestTime();

  constructor(options: DetectorOptions) {
    this.#sessions = options.sessions;
    this.#patterns = options.patterns.filter(sought);
    this.#byShape = byShape(this.#patterns);
    this.words = [...new Set(this.#patterns.flatMap((pattern) => pattern.literals))];
    this.#interesting = prefilter(this.words);
    this.#owners = new Owners(options.maxHits, options.windowMs);
    this.#everyday = this.#patterns.find((pattern) => pattern.class === 'activity');
    this.signs = this.#everyday ? new SignReader() : null;
    this.#life = new SessionLife(options.sessions);
  }

  /** What this line leads to now; mostly nothing. Any line moves event time and may settle what was provisional. */
  read(line: LogLine): readonly Reading[] {
    const [second, nanos] = [secondOf(line.ts), nanosOf(line.ts)];
    this.#newest.meet(second, nanos);
    // By the times of its own container: another one may be hours further while a backlog is read.
    const settled = this.#containers.provisional ? this.#settleAll(this.#containers.dueIn(line, eventTime(second, nanos))) : NOTHING;
    if (line.sign === undefined && (line.text === '' || !this.#interesting(line.text))) return settled;
    const sign = line.sign ?? readActivity(line.text);
    if (sign) {
      this.#heardOf(line, sign, second, nanos);
      return settled;
    }
    const found = this.#judge(line, eventTime(second, nanos));
    return settled.length === 0 ? found : [...settled, ...found];
  }

  /** A line without any of the `words`, of which only the time is known. What waits is settled by `settle`. */
  pass(second: number, nanos: number): void {
    this.#newest.meet(second, nanos);
  }

  /** A sign of life of which the text is not needed. As `pass`, it settles nothing. */
  meet(line: Origin & { sign: Sign }, second: number, nanos: number): void {
    this.#newest.meet(second, nanos);
    this.#heardOf(line, line.sign, second, nanos);
  }

  /** Settles what has waited long enough by the clock, so that a quiet log holds nothing back. Call about once a second. */
  tick(nowMs: number): readonly Reading[] {
    const now = fromMs(nowMs);
    const latest = fromMs(nowMs + CLOCKS_DIFFER_MS);
    this.#life.listsMayHaveChanged();
    this.#life.tidy(now, latest);
    this.#owners.tidy(now, latest);
    if (this.#newest.at > latest) this.#newest.forget();
    return this.#settleAll(this.#containers.rested(nowMs));
  }

  /** True while something waits for `settle`, `tick` or `flush`. */
  get provisional(): boolean {
    return this.#containers.provisional;
  }

  /** Event time has come so far in every container: for a recording, whose lines come in one order. */
  settle(upTo: Nanos): readonly Reading[] {
    return this.#settleAll(this.#containers.due(upTo));
  }

  /** The end of a recording: everything provisional is settled. */
  flush(): readonly Reading[] {
    return this.#settleAll(this.#containers.due(null));
  }

  /** Rebuilds windows from stored hits, in any order. Fires nothing by itself. */
  restore(hits: readonly Hit[]): void {
    for (const hit of [...hits].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))) {
      this.#owners.ledger(ownerOf(hit.who, hit.container), hit.class).restore({ ...hit, telling: hit.suspect === true });
      const pattern = this.#patterns.find((one) => one.id === hit.pattern);
      if (pattern) this.#consequences(pattern, hit.who, hit.at);
    }
  }

  /** Evidence of that session up to then (default: all so far) is spent: a repair ended, or it works again. */
  clear(session: string, cls?: FaultClass, upTo?: Nanos): void {
    for (const one of cls === undefined ? (['corruption', 'disconnect'] as const) : [cls]) {
      const ledger = this.#owners.ledger(ownerOf({ session, by: 'named' }, ''), one);
      const soFar = this.#newest.at;
      ledger.spend(upTo ?? (soFar > ledger.lastTouched ? soFar : ledger.lastTouched));
    }
  }

  look(session: string, nowMs: number): SessionView {
    const owner = ownerOf({ session, by: 'named' }, '');
    const now = fromMs(nowMs);
    return {
      corruption: this.#owners.count(owner, 'corruption', now),
      disconnect: this.#owners.count(owner, 'disconnect', now),
      ...this.#life.of(session, now),
    };
  }

  /** The hits of a session's window that ends now. */
  window(session: string, cls: FaultClass, nowMs: number): WindowView {
    const hits = this.#owners.known(ownerOf({ session, by: 'named' }, ''), cls)?.upTo(fromMs(nowMs)) ?? [];
    return { newest: hits.at(-1)?.at ?? null, ...shown(hits) };
  }

  #heardOf(origin: Origin, sign: Sign, second: number, nanos: number): void {
    if (this.#everyday) this.#containers.of(origin).speakers.heard(this.#everyday, 'winston');
    this.#life.sign(sign, msOf(second, nanos));
  }

  #judge(line: LogLine, at: Nanos): readonly Reading[] {
    const envelope = readEnvelope(line.text);
    const container = this.#containers.of(line);
    const match = firstMatch(this.#byShape, envelope, line.text, container.speakers.alone);
    if (!match) return NOTHING;
    container.speakers.heard(match.pattern, envelope.shape);
    if (match.pattern.part !== null) return this.#partOfBlock(line, at, match, envelope, container);

    const who = this.#whose(line, at, match, envelope, container);
    if (match.spelled !== null) container.companions.remember(match.pattern, at, who);
    if (match.pattern.class === 'activity') {
      if ('session' in who) this.#life.sign({ spelled: who.session, event: String(envelope.fields?.['eventType'] ?? match.pattern.id) }, toMs(at));
      return NOTHING;
    }
    return this.#note(line, at, match.pattern, who, { key: match.key });
  }

  #partOfBlock(line: LogLine, at: Nanos, { pattern, key, spelled, byField, peer }: Match, envelope: Envelope, { blocks }: ContainerState): readonly Reading[] {
    const settled = (() => {
      switch (pattern.part!) {
        case 'header': return blocks.header(line, at);
        case 'verdict-bad': return blocks.verdict(line, at, pattern.id, true);
        case 'verdict-benign': return blocks.verdict(line, at, pattern.id, false);
        case 'peer': return blocks.peer(line, at, peer!), [];
        case 'retold':
        case 'retold-bad':
          return blocks.retold({ at, line, pattern: pattern.id, bad: pattern.part === 'retold-bad', key, spelled, byField, peers: peersIn(envelope.fields) });
      }
    })();
    this.#containers.noteProvisional();
    return settled.flatMap((one) => this.#settle(one));
  }

  #settleAll(settled: readonly Settled[]): readonly Reading[] {
    return settled.length === 0 ? NOTHING : settled.flatMap((one) => this.#settle(one));
  }

  #settle({ at, line, pattern: id, key, block, retold, peers }: Settled): readonly Reading[] {
    const pattern = this.#patterns.find((one) => one.id === id)!;
    const by = retold?.byField ? 'json-field' : 'whatsapp-id';
    const who = attribute({ container: line.container, spelled: retold?.spelled ?? null, by, peers, borrow: null }, this.#sessions);
    return this.#note(line, at, pattern, who, { key, block });
  }

  #whose(line: LogLine, at: Nanos, match: Match, envelope: Envelope, { companions }: ContainerState): Attribution {
    const { pattern, spelled, byField } = match;
    return attribute({
      container: line.container,
      spelled,
      by: byField ? 'json-field' : envelope.session !== null ? 'named' : pattern.by,
      peers: pattern.class === 'corruption' ? peersIn(envelope.fields) : [],
      borrow: pattern.companions.length > 0 ? () => companions.borrow(pattern, at) : null,
    }, this.#sessions);
  }

  #note(line: LogLine, at: Nanos, pattern: Pattern, who: Attribution, hint: CauseHint): readonly Reading[] {
    this.#consequences(pattern, who, at);
    if (pattern.class === 'benign') return NOTHING;
    if (pattern.only !== null && !('session' in who && this.#life.phaseOf(who.session) === pattern.only)) return NOTHING;
    const evidence = evidenceOf(line.text);
    const verdict = this.#owners.ledger(ownerOf(who, line.container), pattern.class)
      .note({ at, pattern: pattern.id, evidence, telling: pattern.suspect, hint });
    const hit: Hit = { at, class: pattern.class, pattern: pattern.id, who, cause: verdict.cause, container: line.container, stream: line.stream, evidence };
    if (pattern.suspect) hit.suspect = true;
    if (pattern.class === 'recovery') hit.clears = pattern.clears;
    if (pattern.advice !== null) hit.advice = pattern.advice;
    const reading: Reading = { hit, firing: firingOf(pattern.class, who, verdict, line.container), fresh: verdict.fresh };
    const replaced = 'session' in who && hint.key ? this.#owners.known(`nobody ${line.container}`, pattern.class)?.retract(`key:${hint.key}`) : null;
    if (replaced) reading.retracts = replaced;
    return [reading];
  }

  /** What a line changes beside its own ledger. */
  #consequences(pattern: Pattern, who: Attribution, at: Nanos): void {
    if (!('session' in who)) return;
    this.#life.happened(who.session, pattern, at);
    for (const cls of pattern.clears) this.clear(who.session, cls, at);
    // Closes around an unlinking are explained by it.
    if (pattern.class === 'logout') this.clear(who.session, 'disconnect', at);
  }
}

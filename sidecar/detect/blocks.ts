import type { LogLine, Nanos } from '../words.ts';

/** How long a block waits for the logger's line about it, and the other way round. */
export const SETTLE_AFTER: Nanos = 2_000_000_000n;
const SETTLE_AFTER_MS = Number(SETTLE_AFTER / 1_000_000n);
/** An offline queue brings hundreds at once; beyond this the oldest is settled without waiting. */
const MOST_WAITING = 1_000;

/** A logger's line about an undecryptable message. */
export interface Retold {
  at: Nanos;
  line: LogLine;
  pattern: string;
  /** The line itself says Bad MAC; otherwise the block's verdict is its verdict. */
  bad: boolean;
  key: string | null;
  spelled: string | null;
  byField: boolean;
  /** Addresses the peer may have, most certain first. */
  peers: readonly string[];
}

/** One undecryptable message, told to the end. */
export interface Settled {
  at: Nanos;
  line: LogLine;
  pattern: string;
  key: string | null;
  /** Names the block; null for a message without one. */
  block: string | null;
  retold: Retold | null;
  peers: readonly string[];
}

interface Waiting {
  at: Nanos;
  lastAt: Nanos;
  /** Clock ms of the first look that found nothing new about it; null until then. */
  restsSince: number | null;
  line: LogLine;
  pattern: string;
  id: string | null;
  verdict: 'none' | 'benign' | 'bad';
  peer: string | null;
  retold: Retold | null;
  /** Patterns of further loggers that told of it. */
  alsoToldBy: Set<string>;
  settled: 'no' | 'counted' | 'harmless';
}

/**
 * Reads the undecryptable messages of one container: header, one verdict per stored session state, stacks (stderr,
 * mixed with anything on stdout) and the logger's line, before or after. A message is provisional until both halves
 * are there or two seconds passed, because only the logger's line tells whether it is a retry of an older one.
 */
export class Blocks {
  #waiting: Waiting[] = [];
  /** Settled a moment ago: a second logger may still tell of them. */
  #lately: Waiting[] = [];
  readonly #open = new Map<LogLine['stream'], Waiting>();

  get pending(): boolean {
    return this.#waiting.length > 0;
  }

  header(line: LogLine, at: Nanos): Settled[] {
    const early = this.#waiting.find((one) => one.id === null && one.retold !== null && at - one.lastAt <= SETTLE_AFTER);
    const block = early ?? blank(line, at);
    block.id = `${line.container}@${line.ts}`;
    block.at = at;
    block.line = line;
    touch(block, at);
    if (!early) this.#waiting.push(block);
    this.#open.set(line.stream, block);
    return this.#tooMany();
  }

  verdict(line: LogLine, at: Nanos, pattern: string, bad: boolean): Settled[] {
    let block = this.#open.get(line.stream);
    if (!block || at - block.lastAt > SETTLE_AFTER) {
      // The header was printed before we began to read.
      this.header(line, at);
      block = this.#open.get(line.stream)!;
    }
    touch(block, at);
    if (bad && block.verdict !== 'bad') {
      block.verdict = 'bad';
      block.pattern = pattern;
      block.line = line;
    } else if (block.verdict === 'none') block.verdict = 'benign';
    return block.retold && block.settled === 'no' && block.verdict === 'bad' ? this.#settle(block) : [];
  }

  peer(line: LogLine, at: Nanos, address: string): void {
    const block = this.#open.get(line.stream);
    if (!block || block.peer !== null || at - block.lastAt > SETTLE_AFTER) return;
    block.peer = address;
    touch(block, at);
  }

  retold(told: Retold): Settled[] {
    const before = this.#toldBefore(told);
    if (before) return this.#toldAgain(before, told);
    const free = this.#waiting.filter((one) => one.retold === null && told.at - one.lastAt <= SETTLE_AFTER && !(told.bad && one.verdict === 'benign') && !areOthers(one.peer, told.peers));
    const block = free.find((one) => one.peer !== null && told.peers.some((peer) => userOf(peer) === userOf(one.peer!))) ?? free[0];
    if (!block) {
      this.#waiting.push({ ...blank(told.line, told.at), pattern: told.pattern, retold: told });
      return this.#tooMany();
    }
    block.retold = told;
    // A block whose verdicts say nothing we know is told by the logger's line alone.
    if (block.pattern === '') block.pattern = told.pattern;
    touch(block, told.at);
    return block.verdict === 'bad' || told.bad ? this.#settle(block) : [];
  }

  /**
   * What nothing came in about for long enough by the clock. Event times do not matter here: a backlog is read in
   * pieces, and a piece may end in the middle of a block that was printed an hour ago.
   */
  rested(nowMs: number): Settled[] {
    for (const one of this.#waiting) one.restsSince ??= nowMs;
    return this.#waiting.filter((one) => nowMs - one.restsSince! >= SETTLE_AFTER_MS).flatMap((one) => this.#settle(one));
  }

  /** What has waited long enough, at that event time; everything with `null`. */
  due(now: Nanos | null): Settled[] {
    const ready = this.#waiting.filter((one) => now === null || now - one.lastAt >= SETTLE_AFTER);
    return ready.flatMap((one) => this.#settle(one));
  }

  /** The message another logger told of just now; the same logger telling again is a retry, with a block of its own. */
  #toldBefore(told: Retold): Waiting | undefined {
    return [...this.#waiting, ...this.#lately].find((one) =>
      one.retold !== null && one.retold.pattern !== told.pattern && !one.alsoToldBy.has(told.pattern) && told.at - one.lastAt <= SETTLE_AFTER
      && (one.retold.key === null || told.key === null || one.retold.key === told.key));
  }

  /** The second logger may name the session that the first did not; it adds nothing else. */
  #toldAgain(one: Waiting, told: Retold): Settled[] {
    one.alsoToldBy.add(told.pattern);
    if (one.settled === 'no') {
      if (one.retold!.spelled === null) one.retold = { ...told, key: one.retold!.key ?? told.key, pattern: one.retold!.pattern };
      return [];
    }
    if (one.settled === 'harmless') return [];
    return [{ at: told.at, line: told.line, pattern: one.pattern, key: one.retold!.key ?? told.key, block: null, retold: told, peers: told.peers }];
  }

  #settle(one: Waiting): Settled[] {
    this.#waiting = this.#waiting.filter((other) => other !== one);
    this.#lately = [...this.#lately.filter((other) => one.lastAt - other.lastAt <= SETTLE_AFTER), one].slice(-MOST_WAITING);
    // A logger's line without any block counts: hosts silence libsignal's own output. A block without Bad MAC does not.
    const counts = one.verdict === 'bad' || one.retold?.bad || (one.verdict === 'none' && one.retold !== null);
    one.settled = counts ? 'counted' : 'harmless';
    const { at, line, pattern, id, retold } = one;
    // What stays for a second logger needs no text, and text keeps whole chunks of the log in memory.
    one.line = { ...line, text: '' };
    if (!counts) return [];
    const peers = [...(one.peer === null ? [] : [one.peer]), ...(retold?.peers ?? [])];
    return [{ at, line, pattern, key: retold?.key ?? null, block: id, retold, peers }];
  }

  #tooMany(): Settled[] {
    return this.#waiting.length > MOST_WAITING ? this.#settle(this.#waiting[0]!) : [];
  }
}

const blank = (line: LogLine, at: Nanos): Waiting =>
  ({ at, lastAt: at, restsSince: null, line, pattern: '', id: null, verdict: 'none', peer: null, retold: null, alsoToldBy: new Set(), settled: 'no' });

function touch(block: Waiting, at: Nanos): void {
  if (at > block.lastAt) block.lastAt = at;
  block.restsSince = null;
}

/** `5500000000001.3` without its device: a logger's line names the user only. */
const userOf = (address: string): string => address.slice(0, address.lastIndexOf('.'));
const isHidden = (address: string): boolean => userOf(address).endsWith('_1');

/** True when the logger speaks of somebody else than the stack: both name a phone number, or both a hidden one, and not the same. */
function areOthers(peer: string | null, told: readonly string[]): boolean {
  if (peer === null) return false;
  const alike = told.filter((address) => isHidden(address) === isHidden(peer));
  return alike.length > 0 && !alike.some((address) => userOf(address) === userOf(peer));
}

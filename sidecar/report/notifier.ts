import type { Clock } from '../clock.ts';
import type { Notice } from './alerts.ts';
import type { Tell } from './audit-log.ts';

/** Somewhere a notice can be sent. Rejects with one sentence that holds no secret. */
export interface Channel {
  readonly name: string;
  send(notice: Notice, signal: AbortSignal): Promise<void>;
}

export interface NotifierOptions {
  channel: Channel;
  clock: Clock;
  tell: Tell;
}

/** When forty sessions fail together, their alerts come within moments: wait that long, then tell them as one. */
const GATHER_MS = 2_000;
/** More than this at once are told as one message. */
const SINGLY = 3;
/** A digest names so many; the API and the log have them all. */
const NAMED_IN_DIGEST = 10;
/** News of one matter at most so often; what comes between is rolled up into the newest. */
const PER_KEY_MS = 5 * 60_000;
/** A channel that does not take a message is tried again, at first soon. */
const RETRY_MS = { first: 10_000, longest: 10 * 60_000 };
/** One message may take that long. */
const SEND_MS = 10_000;
/** Matters waiting to be told; beyond, the oldest is dropped and that is said. */
const MOST_WAITING = 500;

interface Waiting { notice: Notice; rolledUp: number; dueAt: number }
/** What is sent, and whose news it holds. */
interface Message { notice: Notice; tells: readonly Waiting[] }

/** Sends notices to one channel: gathered, rolled up per matter, tried again until they arrive. */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #lastSent = new Map<string, number>();
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #loop: Promise<void> | null = null;
  #failures = 0;
  #notBefore = 0;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  readonly push = (notice: Notice): void => {
    const before = this.#waiting.get(notice.key);
    const now = this.#options.clock.now();
    this.#waiting.delete(notice.key);
    // Began and ended before anybody was told: nobody needs to hear of it.
    if (notice.kind === 'resolved' && before && !this.#lastSent.has(notice.key)) return;
    const rests = notice.kind === 'alert' ? (this.#lastSent.get(notice.key) ?? -Infinity) + PER_KEY_MS : 0;
    this.#waiting.set(notice.key, { notice, rolledUp: before ? before.rolledUp + 1 : 0, dueAt: before?.dueAt ?? Math.max(now + GATHER_MS, rests) });
    if (this.#waiting.size > MOST_WAITING) this.#dropOldest();
    this.#wake.abort();
    this.#start();
  };

  /** Sends what waits, without gathering, and ends. What cannot be sent in `graceMs` is said in the log. */
  async close(graceMs: number): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#loop;
    const left = [...this.#waiting.values()];
    this.#waiting.clear();
    if (left.length > 0) await this.#send(asMessages(left), AbortSignal.timeout(graceMs));
  }

  #start(): void {
    this.#loop ??= this.#run().finally(() => {
      this.#loop = null;
      // Something may have come between its last look and now.
      if (this.#waiting.size > 0 && !this.#stop.signal.aborted) this.#start();
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#stop.signal.aborted) {
      const now = this.#options.clock.now();
      const due = [...this.#waiting.values()].filter(({ dueAt }) => Math.max(dueAt, this.#notBefore) <= now);
      if (due.length === 0) {
        await this.#sleepUntil(Math.max(this.#notBefore, Math.min(...[...this.#waiting.values()].map(({ dueAt }) => dueAt))));
        continue;
      }
      for (const { notice } of due) this.#waiting.delete(notice.key);
      for (const one of await this.#send(asMessages(due), null)) if (!this.#waiting.has(one.notice.key)) this.#waiting.set(one.notice.key, one);
    }
  }

  /** Gives back what did not arrive. */
  async #send(messages: readonly Message[], grace: AbortSignal | null): Promise<readonly Waiting[]> {
    const { channel, clock, tell } = this.#options;
    let sent = 0;
    try {
      for (const { notice, tells } of messages) {
        await channel.send(notice, grace ?? AbortSignal.timeout(SEND_MS));
        for (const one of tells) this.#remember(one.notice, clock.now());
        sent++;
      }
      if (this.#failures > 0) tell('info', `alerts reach ${channel.name} again`);
      this.#failures = 0;
    } catch (error) {
      const why = `alerts do not reach ${channel.name}: ${(error as Error).message}`;
      if (grace) tell('warn', `${why}; they stand in this log only`);
      else if (this.#failures === 0) tell('warn', `${why}; they are tried again`);
      this.#notBefore = clock.now() + Math.min(RETRY_MS.first * 2 ** this.#failures++, RETRY_MS.longest);
    }
    return messages.slice(sent).flatMap(({ tells }) => tells);
  }

  #remember(notice: Notice, at: number): void {
    this.#lastSent.delete(notice.key);
    this.#lastSent.set(notice.key, at);
    if (this.#lastSent.size > 2 * MOST_WAITING) this.#lastSent.delete(this.#lastSent.keys().next().value!);
  }

  async #sleepUntil(at: number): Promise<void> {
    this.#wake = new AbortController();
    const woken = AbortSignal.any([this.#wake.signal, this.#stop.signal]);
    await this.#options.clock.sleep(Math.max(0, at - this.#options.clock.now()), woken).catch((reason: unknown) => {
      if (!woken.aborted) throw reason;
    });
  }

  #dropOldest(): void {
    const oldest = this.#waiting.keys().next().value!;
    this.#waiting.delete(oldest);
    this.#options.tell('warn', `too many alerts wait for ${this.#options.channel.name}; one was dropped there, the log has it`);
  }
}

/** Few are told one by one, many as one. */
function asMessages(due: readonly Waiting[]): Message[] {
  if (due.length <= SINGLY) return due.map((one) => ({ notice: withRollUp(one), tells: [one] }));
  const named = due.slice(0, NAMED_IN_DIGEST).map(({ notice }) => `- ${notice.session ? `${notice.session}: ` : ''}${notice.text}`);
  const more = due.length - named.length;
  const text = [`${due.length} messages:`, ...named, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
  return [{ notice: { kind: 'digest', key: 'digest', session: null, at: due.at(-1)!.notice.at, text, link: null }, tells: due }];
}

const withRollUp = ({ notice, rolledUp }: Waiting): Notice =>
  rolledUp === 0 ? notice : { ...notice, text: `${notice.text} (after ${rolledUp} earlier message${rolledUp > 1 ? 's' : ''} about it)` };

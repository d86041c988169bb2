import type { Clock } from '../clock.ts';
import { backoffMs } from './backoff.ts';
import type { Confirmed } from './confirmed.ts';
import { TAIL, catchUp } from './catch-up.ts';
import { type ContainerInfo, type Engine, EngineError } from './engine.ts';
import { follow } from './follow.ts';
import { DeliveryError, type Intake } from './intake.ts';

/** What one container's log is doing, in words for `status` and `/healthz`. */
export type LogState =
  | 'starting' | 'catching up' | 'following' | 'waiting for its start' | 'reconnecting' | 'unreadable' | 'receiver refuses' | 'being removed' | 'gone';

export type Tell = (level: 'info' | 'warn' | 'error', message: string, container?: string) => void;

export interface ContainerLogOptions {
  container: string;
  containerId: string;
  engine: Engine;
  intake: Intake;
  clock: Clock;
  auditEveryMs: number;
  /** How far back (ms) a container without cursor is read. */
  sinceMs: number;
  tell: Tell;
  random(): number;
  inspected(info: ContainerInfo): void;
  /** Any answer of the engine, or its fault: for the watcher's view of the socket. */
  engineSeen(error: unknown): void;
  /** The container is gone for good and its log is read. */
  gone(): void;
}

/** A container that ended is looked at once more after this: engine 20.10 may end a stream short of its file. */
const SECOND_LOOK_MS = 2_000;
/** ... and from then on so often, should its start be missed. */
const IDLE_LOOK_MS = 30_000;
/** A driver that cannot be read does not change under a container; a proxy in between may. */
const UNREADABLE_LOOK_MS = 60_000;
/** A stream that lived this long was a good one: the next cut starts with the shortest wait. */
const GOOD_STREAM_MS = 5_000;
/** Asked for at most, when a flood keeps running past the tail of a new stream. */
const LONGEST_FOLLOW_TAIL = 64_000;
/** A fault that heals within so many tries is nobody's business. */
const QUIET_FAILURES = 3;

export class ContainerLog {
  state: LogState = 'starting';
  /** The present trouble in words; null when there is none. */
  problem: string | null = null;
  info: ContainerInfo | null = null;
  reconnects = 0;
  lastAuditAt: number | null = null;
  engineMessages = 0;
  readonly #options: ContainerLogOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #wake: (() => void) | null = null;
  #woken = false;
  #failures = 0;
  #followTail = TAIL;
  #confirmed: Confirmed;
  /** When the run ended whose log was read twice to its end: nothing more can come of it. */
  #readToEndOf: number | null = null;
  #told = new Set<string>();

  constructor(options: ContainerLogOptions) {
    this.#options = options;
    this.#confirmed = this.#here();
  }

  get intake(): Intake {
    return this.#options.intake;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Something happened to the container: look at once. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted && this.state !== 'gone') {
      try {
        await this.#round(signal);
      } catch (error) {
        if (!signal.aborted) await this.#failed(error);
      }
    }
  }

  /** Inspect, catch up, follow until the stream ends. */
  async #round(signal: AbortSignal): Promise<void> {
    const { engine } = this.#options;
    this.#woken = false;
    this.info = await engine.inspect(this.#options.containerId, signal);
    this.#options.inspected(this.info);
    const alive = this.info.running && !this.info.restarting;
    if (this.state !== 'waiting for its start' || alive) this.state = 'catching up';
    if (alive || this.info.finishedAt === null || this.info.finishedAt !== this.#readToEndOf) await this.#catchUp(!alive, signal);
    this.#healed();
    if (alive) await this.#follow(this.info, signal);
    else await this.#waitForStart();
  }

  async #catchUp(ended: boolean, signal: AbortSignal): Promise<void> {
    const { engine, intake, containerId, clock, sinceMs } = this.#options;
    const before = intake.counts.entries;
    await catchUp({
      engine, intake, containerId, ended, signal,
      confirmed: this.#confirmed,
      tty: this.info!.tty,
      notBeforeMs: clock.now() - sinceMs,
      engineSays: (message) => this.#engineSays(message),
    });
    intake.ledger.question();
    intake.ledger.confirm();
    this.#confirmed = this.#here();
    // The engine reads up to where the log ended when it was asked: about as much may have been printed meanwhile.
    this.#followTail = Math.max(this.#followTail, Math.min(intake.counts.entries - before, LONGEST_FOLLOW_TAIL));
    this.lastAuditAt = clock.now();
    this.#options.engineSeen(null);
  }

  #here(): Confirmed {
    const { ledger, counts } = this.#options.intake;
    return { stamp: ledger.last, high: ledger.high, entries: counts.entries };
  }

  async #follow(info: ContainerInfo, signal: AbortSignal): Promise<void> {
    const { engine, intake, containerId, clock, auditEveryMs, random } = this.#options;
    let openedAt = clock.now();
    const end = await follow({
      engine, intake, containerId, clock, auditEveryMs, random, signal,
      tty: info.tty,
      tail: this.#followTail,
      engineSays: (message) => this.#engineSays(message),
      opened: () => {
        openedAt = clock.now();
        this.state = 'following';
      },
      confirmed: this.#confirmed,
      audited: (confirmed) => {
        this.#confirmed = confirmed;
        this.lastAuditAt = clock.now();
        this.#options.engineSeen(null);
      },
      auditFailed: (error) => this.#options.engineSeen(error),
    });
    if (signal.aborted) return;
    if (end === 'missed') return this.#recover(signal);
    this.#followTail = end === 'gap' ? Math.min(this.#followTail * 2, LONGEST_FOLLOW_TAIL) : TAIL;
    if (end === 'gap' || end === 'unsure') return;
    // An end in order is mostly a container that stopped: the next round looks. Only an end again and again waits.
    this.#failures = clock.now() - openedAt >= GOOD_STREAM_MS ? 1 : this.#failures + 1;
    if (end === 'cut') this.reconnects++;
    this.state = 'reconnecting';
    await this.#pause(backoffMs(this.#failures, random));
  }

  /** An audit found entries the stream did not bring: they are read now, in order, and counted. */
  async #recover(signal: AbortSignal): Promise<void> {
    const { intake, container, tell } = this.#options;
    this.reconnects++;
    const before = intake.counts.entries;
    await this.#catchUp(false, signal);
    const recovered = intake.counts.entries - before;
    intake.counts.recovered += recovered;
    if (recovered > 0) tell('info', `${container}: the log stream had passed over ${recovered} entries; they were read again from the log itself, nothing is lost`, container);
  }

  async #waitForStart(): Promise<void> {
    const firstWait = this.state !== 'waiting for its start';
    this.state = 'waiting for its start';
    this.#failures = 0;
    if (!firstWait) this.#readToEndOf = this.info!.finishedAt;
    await this.#pause(firstWait ? SECOND_LOOK_MS : IDLE_LOOK_MS, true);
  }

  async #failed(error: unknown): Promise<void> {
    const { container, intake, engineSeen, random } = this.#options;
    const said = error instanceof Error ? error.message : String(error);
    if (error instanceof DeliveryError) {
      this.state = 'receiver refuses';
      this.#trouble('error', `${container}: lines could not be stored (${said}); they are read again from the last stored place until it works: look at the state folder's space and rights`);
      intake.reload();
      this.#confirmed = this.#here();
    } else if (error instanceof EngineError && error.fault === 'gone') {
      intake.parts.closeAll();
      this.#lastDelivery();
      this.state = 'gone';
      return this.#options.gone();
    } else if (error instanceof EngineError && error.fault === 'unreadable-driver') {
      this.state = 'unreadable';
      const driver = this.info?.logDriver || 'its log driver';
      this.#trouble('error', `${container}: the log driver "${driver}" keeps nothing that can be read, so its sessions cannot be watched; give the service the json-file or local driver`);
      return this.#pause(UNREADABLE_LOOK_MS, true);
    } else if (error instanceof EngineError && error.fault === 'removing') {
      // It prints nothing more, and the next look but one finds it gone.
      this.state = 'being removed';
    } else {
      if (this.state !== 'reconnecting') this.reconnects++;
      this.state = 'reconnecting';
      // A proxy that forbids this one request may allow the list: of that only this log suffers.
      const refused = error instanceof EngineError && error.fault === 'refused';
      if (!refused) engineSeen(error);
      // The socket's own trouble is told once by the watcher, not once per container.
      const ofSocket = error instanceof EngineError && ['unreachable', 'no-permission', 'no-answer', 'cut'].includes(error.fault);
      if (ofSocket) this.problem = said;
      else if (this.#failures >= QUIET_FAILURES) this.#trouble('warn', `${container}: its log cannot be read (${said}); trying on, lines will be caught up`);
    }
    await this.#pause(backoffMs(++this.#failures, random), true);
  }

  /** What was under way when the container vanished is all there will ever be. */
  #lastDelivery(): void {
    try {
      this.#options.intake.deliver();
    } catch (error) {
      this.#trouble('error', `${this.#options.container}: the last lines of a removed container could not be stored (${(error as Error).message}) and are lost`);
    }
  }

  #engineSays(message: string): void {
    this.engineMessages++;
    const { container, tell } = this.#options;
    if (this.#told.has(message)) return;
    this.#told.add(message);
    tell('warn', `${container}: the Docker engine reports trouble with this log ("${message.slice(0, 200)}"); what it left out is looked for in the log itself`, container);
  }

  #trouble(level: 'warn' | 'error', message: string): void {
    if (this.problem === message) return;
    this.problem = message;
    this.#options.tell(level, message, this.#options.container);
  }

  #healed(): void {
    const { container, tell } = this.#options;
    if (this.problem !== null) tell('info', `${container}: its log is read again; what was printed meanwhile has been caught up`, container);
    this.problem = null;
  }

  /** Waits, or less when woken (only where an event can help). */
  async #pause(ms: number, wakes = false): Promise<void> {
    if (wakes && this.#woken) return;
    const awake = new AbortController();
    if (wakes) this.#wake = () => awake.abort();
    try {
      await this.#options.clock.sleep(ms, AbortSignal.any([this.#stop.signal, awake.signal]));
    } catch {
      // Woken or stopped: the loop looks which.
    } finally {
      this.#wake = null;
    }
  }
}

import type Dockerode from 'dockerode';
import type { Clock } from '../clock.ts';
import { backoffMs } from './backoff.ts';
import { ContainerLog, type Tell } from './container-log.ts';
import { type Watched, chooseWatched } from './containers.ts';
import { CALL_DEADLINE_MS, Engine, EngineError } from './engine.ts';
import { type ContainerEvent, listen } from './events.ts';
import { Glance, type Sought } from './glance.ts';
import { type Delivery, Intake } from './intake.ts';
import { OVERLAP_MS } from './ledger.ts';
import { DEFAULT_LINE_BOUND } from './lines.ts';
import { SocketView } from './socket-view.ts';
import { healthOf, stateOf, type WatchHealth, type WatchedContainer } from './watch-health.ts';

export type { Cursor, Delivery } from './intake.ts';
export type { ContainerHealth, WatchHealth, WatchedContainer } from './watch-health.ts';

export interface WatchOptions {
  docker: Dockerode;
  /** Container names and Compose services. A container with the label `auto-fix.watch=true` is watched too. */
  names: readonly string[];
  /** The Compose project whose services `names` means; null or unset: any project's. Container names and the label hold everywhere. */
  project?: string | null;
  /** Lines without any of it come without text. Default: none does. */
  sought?: Sought;
  loadCursor(containerId: string): string | null;
  /** Stores hits and cursor in one transaction, synchronously. When it throws, the same lines come again. */
  deliver(delivery: Delivery): void;
  /** The container is gone for good. */
  dropCursor?(containerId: string): void;
  clock: Clock;
  tell: Tell;
  /** How far back (ms) a container without cursor is read. Default: the window's 5 minutes. */
  sinceMs?: number;
  auditEveryMs?: number;
  reconcileEveryMs?: number;
  /** Deadline (ms) of every short call. */
  callDeadlineMs?: number;
  lineBound?: number;
  /** For the jitter of waits: 0 to 1. */
  random?(): number;
}

const DEFAULT_SINCE_MS = 5 * 60_000;
/** An audit costs the engine about 10 ms: what a stream passed over is in the windows well before they close. */
const DEFAULT_AUDIT_MS = 15_000;
/** Events tell at once; the list is for what they did not tell (the ring holds 256 and is empty after an engine restart). */
const DEFAULT_RECONCILE_MS = 30_000;

/** Containers to lines: finds them, follows each by its id, hands their lines to `deliver` exactly once. */
export class Watcher {
  readonly #options: WatchOptions & { auditEveryMs: number; reconcileEveryMs: number };
  readonly #engine: Engine;
  readonly #socket: SocketView;
  readonly #glance: Glance | null;
  readonly #stop = new AbortController();
  readonly #logs = new Map<string, ContainerLog>();
  readonly #watched = new Map<string, Watched>();
  readonly #purposely = new Set<string>();
  readonly #toldAbsent = new Set<string>();
  #loops: Promise<unknown>[] = [];
  #reconciling: Promise<void> | null = null;
  #again = false;
  #listed = false;
  #eventsRefused = false;

  constructor(options: WatchOptions) {
    this.#options = { ...options, auditEveryMs: options.auditEveryMs ?? DEFAULT_AUDIT_MS, reconcileEveryMs: options.reconcileEveryMs ?? DEFAULT_RECONCILE_MS };
    this.#engine = new Engine(options.docker, options.callDeadlineMs ?? CALL_DEADLINE_MS);
    this.#glance = options.sought === undefined ? null : new Glance(options.sought, options.clock);
    this.#socket = new SocketView(options.clock, options.tell);
  }

  /** Resolves after the first look at the engine, whether it answered or not: what fails now heals later. */
  async start(): Promise<void> {
    const { signal } = this.#stop;
    let opened: () => void = () => undefined;
    const listening = new Promise<void>((resolve) => {
      opened = resolve;
    });
    // Events first, then the list: what starts in between is in one of them.
    this.#loops.push(this.#listen(opened, signal));
    await Promise.race([listening, this.#nap(this.#options.callDeadlineMs ?? CALL_DEADLINE_MS)]);
    await this.#reconcile();
    this.#loops.push(this.#reconcileForEver(signal));
  }

  /** Resolves when every stream is closed and nothing will be delivered any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#logs.values()].map((log) => log.stop()));
    await Promise.all(this.#loops);
    await this.#reconciling;
  }

  containers(): WatchedContainer[] {
    const all = [...this.#watched.values()];
    return all.map((watched) => ({
      ...stateOf(watched, this.#logs.get(watched.id)?.info ?? null),
      stoppedOnPurpose: this.#purposely.has(watched.id),
      beingReplaced: all.some((other) => other.replaces === watched.id),
    }));
  }

  health(): WatchHealth {
    const now = this.#options.clock.now();
    const containers = [...this.#logs].map(([id, log]) => healthOf(id, this.#watched.get(id), log, now, this.#options.auditEveryMs));
    const engine = this.#socket.health();
    const problem = (engine.reachable ? null : engine.saw) ?? containers.find((c) => c.problem)?.problem ?? null;
    return { ok: problem === null, problem, engine, absent: this.#absent(), containers };
  }

  #absent(): string[] {
    const present = new Set([...this.#watched.values()].flatMap((w) => [w.name, w.containerName]));
    return this.#listed ? this.#options.names.filter((name) => !present.has(name)) : [];
  }

  async #listen(opened: () => void, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        await listen(this.#engine, (event) => this.#onEvent(event), () => {
          failures = 0;
          if (this.#eventsRefused) this.#options.tell('info', 'the engine\'s events are heard again');
          this.#eventsRefused = false;
          opened();
          // What happened while nobody listened.
          if (this.#listed) void this.#reconcile();
        }, signal);
        failures++;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        this.#deaf(error);
        opened();
      }
      await this.#nap(backoffMs(failures, this.#random));
    }
  }

  /** A proxy that forbids events may allow the rest: then the list alone has to tell. */
  #deaf(error: unknown): void {
    if (!(error instanceof EngineError && error.fault === 'refused')) return this.#socket.saw(error);
    if (!this.#eventsRefused) this.#options.tell('warn', 'the socket proxy refuses GET of events: containers that start, stop or are recreated are seen half a minute late; allow it (docs/socket-proxy.md)');
    this.#eventsRefused = true;
  }

  #onEvent(event: ContainerEvent): void {
    if (event.action === 'stop') this.#purposely.add(event.id);
    if (event.action === 'start') this.#purposely.delete(event.id);
    this.#logs.get(event.id)?.wake();
    void this.#reconcile();
  }

  async #reconcileForEver(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const wait = this.#socket.health().reachable ? this.#options.reconcileEveryMs * (0.75 + 0.5 * this.#random()) : backoffMs(5, this.#random);
      await this.#nap(wait);
      if (!signal.aborted) await this.#reconcile();
    }
  }

  /** One look at a time; what happens during it leads to another. */
  #reconcile(): Promise<void> {
    this.#again = true;
    this.#reconciling ??= (async () => {
      while (this.#again && !this.#stop.signal.aborted) {
        this.#again = false;
        await this.#lookOnce();
      }
      this.#reconciling = null;
    })();
    return this.#reconciling;
  }

  async #lookOnce(): Promise<void> {
    try {
      const listed = await this.#engine.list(this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      this.#socket.saw(null);
      this.#listed = true;
      this.#adopt(chooseWatched(listed, this.#options.names, this.#options.project));
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#socket.saw(error);
    }
  }

  #adopt(found: Watched[]): void {
    const ids = new Set(found.map((container) => container.id));
    for (const container of found) {
      const before = this.#watched.get(container.id);
      // Once watched, a container keeps its name: Compose renames it on the way out.
      this.#watched.set(container.id, before ? { ...container, name: before.name } : container);
      if (!before) this.#open(container);
      else if (before.state !== container.state) this.#logs.get(container.id)?.wake();
    }
    for (const id of this.#watched.keys()) if (!ids.has(id)) this.#logs.get(id)?.wake();
    this.#tellAbsent();
  }

  #open(watched: Watched): void {
    const { clock, tell, loadCursor, deliver, auditEveryMs } = this.#options;
    const intake = new Intake({
      container: watched.name,
      containerId: watched.id,
      clock,
      lineBound: this.#options.lineBound ?? DEFAULT_LINE_BOUND,
      retainMs: OVERLAP_MS + 2 * auditEveryMs,
      glance: this.#glance,
      loadCursor,
      deliver,
    });
    const log = new ContainerLog({
      container: watched.name,
      containerId: watched.id,
      engine: this.#engine,
      intake,
      clock,
      auditEveryMs,
      sinceMs: this.#options.sinceMs ?? DEFAULT_SINCE_MS,
      tell,
      random: this.#random,
      inspected: (info) => {
        const known = this.#watched.get(watched.id);
        if (known) this.#watched.set(watched.id, { ...known, state: info.status, containerName: info.name });
      },
      engineSeen: (error) => this.#socket.saw(error),
      gone: () => this.#forget(watched),
    });
    this.#logs.set(watched.id, log);
    tell('info', `${watched.name}: watching container ${watched.containerName} (${watched.id.slice(0, 12)}, ${watched.state})`, watched.name);
    log.start();
  }

  #forget(watched: Watched): void {
    this.#logs.delete(watched.id);
    this.#watched.delete(watched.id);
    this.#purposely.delete(watched.id);
    this.#options.dropCursor?.(watched.id);
    this.#options.tell('info', `${watched.name}: container ${watched.containerName} (${watched.id.slice(0, 12)}) was removed; its log is read to the end`, watched.name);
    void this.#reconcile();
  }

  #tellAbsent(): void {
    const absent = new Set(this.#absent());
    for (const name of absent) {
      if (this.#toldAbsent.has(name)) continue;
      this.#toldAbsent.add(name);
      this.#options.tell('warn', `${name}: there is no container or Compose service of this name; it is watched as soon as it appears (AUTO_FIX_CONTAINERS names what to watch)`, name);
    }
    for (const name of this.#toldAbsent) if (!absent.has(name)) this.#toldAbsent.delete(name);
  }

  readonly #random = (): number => (this.#options.random ?? Math.random)();

  async #nap(ms: number): Promise<void> {
    await this.#options.clock.sleep(ms, this.#stop.signal).catch(() => undefined);
  }
}

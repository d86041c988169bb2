import type { Clock } from '../clock.ts';
import type { Tell } from './container-log.ts';
import { EngineError, type EngineFault } from './engine.ts';

/** A mounted socket file is dead for ever once the engine made it anew: after so long, only a restart of the sidecar mounts the new one. */
const DEAD_SOCKET_MS = 60_000;
/** A broken connection that works again within this is told to nobody. */
const QUIET_MS = 3_000;

export interface SocketHealth {
  reachable: boolean;
  /** The fault in words; null while reachable. */
  saw: string | null;
  /** Clock time (ms) since which nothing works. */
  since: number | null;
  /** The socket was refused or missing for a minute: exit, so that the restart policy mounts it again. */
  exitAdvised: boolean;
}

/** What is true of one container only: an engine that says it answers well. */
const OF_ONE_CONTAINER: readonly EngineFault[] = ['gone', 'removing', 'unreadable-driver'];

/** How the engine's socket looks from here, told once per fault and once when it is well again. */
export class SocketView {
  readonly #clock: Clock;
  readonly #tell: Tell;
  #fault: EngineError | null = null;
  #since = 0;
  #told: string | null = null;

  constructor(clock: Clock, tell: Tell) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Any answer (`null`) or failure of a call to the engine. */
  saw(error: unknown): void {
    if (error === null) return this.#well();
    const fault = error instanceof EngineError ? error : new EngineError('other', error instanceof Error ? error.message : String(error), error);
    if (OF_ONE_CONTAINER.includes(fault.fault)) return this.#well();
    if (this.#fault === null) this.#since = this.#clock.now();
    this.#fault = fault;
    const passing = fault.fault === 'cut' && this.#clock.now() - this.#since < QUIET_MS;
    if (passing || this.#told === fault.fault) return;
    this.#told = fault.fault;
    this.#tell('error', fault.message);
  }

  health(): SocketHealth {
    const fault = this.#fault;
    if (fault === null) return { reachable: true, saw: null, since: null, exitAdvised: false };
    const dead = fault.fault === 'unreachable' && this.#clock.now() - this.#since >= DEAD_SOCKET_MS;
    return { reachable: false, saw: fault.message, since: this.#since, exitAdvised: dead };
  }

  #well(): void {
    if (this.#told !== null) this.#tell('info', 'the Docker engine answers again; what was printed meanwhile is being caught up');
    this.#fault = null;
    this.#told = null;
  }
}

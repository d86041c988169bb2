import type { ProbeResult } from '../words.ts';
import { LOOKS_IN_A_ROW } from './verdict.ts';

/** Looks that could not be taken: told once, per gateway where nobody can be looked at, else per session; healed once. */
export class GatewayTroubles {
  readonly #tell: (level: 'info' | 'warn', message: string, session?: string) => void;
  readonly #known: (gateway: string) => boolean;
  readonly #ofGateway = new Map<string, { failed: Set<string>; told: boolean }>();
  readonly #ofSession = new Map<string, { times: number; told: boolean }>();

  /** `known`: the list of that gateway fails too, and that was told with its cause. */
  constructor(tell: (level: 'info' | 'warn', message: string, session?: string) => void, known: (gateway: string) => boolean) {
    this.#tell = tell;
    this.#known = known;
  }

  heard(gateway: string, session: string, { couldNotLook, saw }: ProbeResult): void {
    const whole = this.#ofGateway.get(gateway) ?? { failed: new Set<string>(), told: false };
    this.#ofGateway.set(gateway, whole);
    const own = this.#ofSession.get(session) ?? { times: 0, told: false };
    this.#ofSession.set(session, own);
    if (!couldNotLook) {
      if (whole.told) this.#tell('info', `${gateway} can be asked about its sessions again`);
      else if (own.told) this.#tell('info', 'it can be looked at again', session);
      whole.failed.clear();
      whole.told = own.told = false;
      own.times = 0;
      return;
    }
    whole.failed.add(session);
    own.times += 1;
    if (this.#known(gateway) || whole.told) return;
    // Several sessions and none that answered in between: it is the gateway. One alone may be that session's own trouble.
    if (whole.failed.size >= 2 && own.times >= 2) {
      whole.told = true;
      this.#tell('warn', `the sessions of ${gateway} cannot be looked at: ${saw}`);
    } else if (own.times >= LOOKS_IN_A_ROW && !own.told) {
      own.told = true;
      this.#tell('warn', `it could not be looked at ${own.times} times in a row: ${saw}`, session);
    }
  }
}

import type { BackupFolder } from './backup-folder.ts';
import { sayWhy } from './faults.ts';
import type { InFlight } from './in-flight.ts';
import type { Tools } from './work.ts';

/** Backups of which a cut left a half, and which nobody is making: retention was interrupted, or their repair has long ended. */
export class HalfBackups {
  readonly #folder: BackupFolder;
  readonly #inFlight: InFlight;
  readonly #tell: Tools['tell'];
  /** Those that could not be removed yet: told once. */
  readonly #stuck = new Set<string>();

  constructor(folder: BackupFolder, inFlight: InFlight, tell: Tools['tell']) {
    this.#folder = folder;
    this.#inFlight = inFlight;
    this.#tell = tell;
  }

  /** Removes those of the sessions that are meant and that no process works on. */
  async remove(isMeant: (half: { session: string }) => boolean): Promise<void> {
    for (const { session, id } of await this.#folder.halves()) {
      if (!isMeant({ session }) || this.#inFlight.has(session)) continue;
      try {
        await this.#inFlight.hold(session, () => this.#folder.sweep(id));
        this.#stuck.delete(id);
      } catch (error) {
        if (!this.#stuck.has(id)) this.#tell('warn', `what is left of the interrupted backup ${id} could not be removed (${sayWhy(error)}); it only takes space, and is tried again every minute`, session);
        this.#stuck.add(id);
      }
    }
  }
}

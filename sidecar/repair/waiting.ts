import type { Level } from './work.ts';

/** Repairs that cannot go on yet. Each is told when it begins to wait and not at every look. */
export class Waiting {
  readonly #tell: (level: Level, message: string, session: string) => void;
  readonly #ids = new Set<string>();

  constructor(tell: (level: Level, message: string, session: string) => void) {
    this.#tell = tell;
  }

  begin({ id, session }: { id: string; session: string }, level: Level, message: string): void {
    if (!this.#ids.has(id)) this.#tell(level, message, session);
    this.#ids.add(id);
  }

  end({ id }: { id: string }): void {
    this.#ids.delete(id);
  }

  any(): boolean {
    return this.#ids.size > 0;
  }
}

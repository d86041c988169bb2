import type { Level } from './work.ts';

/** Repairs that cannot go on yet. Why is told when it is new, and not at every try. */
export class Waiting {
  readonly #tell: (level: Level, message: string, session: string) => void;
  readonly #told = new Map<string, string>();
  readonly #soon = new Set<string>();

  constructor(tell: (level: Level, message: string, session: string) => void) {
    this.#tell = tell;
  }

  /** It is tried again when everything is. */
  say({ id, session }: { id: string; session: string }, level: Level, message: string): void {
    if (this.#told.get(id) !== message) this.#tell(level, message, session);
    this.#told.set(id, message);
  }

  /** It can go on as soon as somebody answers again, and is told once for that long. */
  begin(record: { id: string; session: string }, level: Level, message: string): void {
    if (!this.#soon.has(record.id)) this.say(record, level, message);
    this.#soon.add(record.id);
  }

  goOn({ id }: { id: string }): void {
    this.#soon.delete(id);
  }

  end({ id }: { id: string }): void {
    this.#told.delete(id);
    this.#soon.delete(id);
  }

  /** Others have come to their end elsewhere. */
  keepOnly(open: readonly { id: string }[]): void {
    for (const id of this.#told.keys()) if (!open.some((record) => record.id === id)) this.end({ id });
  }

  any(): boolean {
    return this.#soon.size > 0;
  }
}

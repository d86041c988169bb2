import type { Journal } from '../state/journal.ts';
import type { Outcome } from '../words.ts';
import { sayWhy } from './faults.ts';
import type { Level } from './work.ts';

/** Writes outcomes into the journal. One that it cannot take (a full disk) is kept: that repair is over, whatever the journal says. */
export class OutcomeBook {
  readonly #journal: Journal;
  readonly #tell: (level: Level, message: string, session: string) => void;
  readonly #unwritten = new Map<string, { outcome: Outcome; owesStart: boolean }>();

  constructor(journal: Journal, tell: (level: Level, message: string, session: string) => void) {
    this.#journal = journal;
    this.#tell = tell;
  }

  write(id: string, outcome: Outcome, owesStart = false): void {
    try {
      this.#journal.close(id, outcome, owesStart);
    } catch (error) {
      this.#tell('error', `the repair ended (${outcome.result}), but that could not be written down yet: ${sayWhy(error)}`, outcome.session);
      this.#unwritten.set(id, { outcome, owesStart });
    }
  }

  /** Tries again what could not be written. It has been told when it ended. */
  writeAgain(): void {
    for (const [id, { outcome, owesStart }] of this.#unwritten) {
      try {
        this.#journal.close(id, outcome, owesStart);
        this.#journal.told(id);
        this.#unwritten.delete(id);
      } catch {
        return; // told when it failed first
      }
    }
  }

  holds(id: string): boolean {
    return this.#unwritten.has(id);
  }
}

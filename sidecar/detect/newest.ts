import { eventTime } from '../event-time.ts';
import type { Nanos } from '../words.ts';

/** The newest event time of any line, in two numbers: a bigint for every line would be most of what a quiet one costs. */
export class NewestTime {
  #second = 0;
  #nanos = 0;

  meet(second: number, nanos: number): void {
    if (second < this.#second || (second === this.#second && nanos <= this.#nanos)) return;
    this.#second = second;
    this.#nanos = nanos;
  }

  forget(): void {
    this.#second = this.#nanos = 0;
  }

  /** 0 before the first. */
  get at(): Nanos {
    return eventTime(this.#second, this.#nanos);
  }
}

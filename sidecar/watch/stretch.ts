import { eventTime, nanosOf, secondOf } from '../event-time.ts';
import type { LogLine, Origin, Sign } from '../words.ts';
import { stampOfNanos } from './stamp.ts';

/** A line of which nobody needs more than the sign of life that it is. */
export interface SignLine extends Origin {
  sign: Sign;
}

/**
 * Lines of recordings in their order, in columns: what nobody looks for is two numbers and no object. Event times are
 * whole seconds since the epoch and nanoseconds, because no JavaScript number holds both. What stands in the columns behind
 * `length` is older: a stretch is used again and again.
 */
export class Stretch {
  /** Null for a quiet line: it holds no word anybody looks for, and only moves time. */
  readonly lines: (LogLine | SignLine | null)[] = [];
  readonly seconds: number[] = [];
  readonly nanos: number[] = [];
  length = 0;

  static of(lines: readonly LogLine[]): Stretch {
    const stretch = new Stretch();
    for (const line of lines) stretch.add(line);
    return stretch;
  }

  clear(): void {
    this.length = 0;
  }

  add(line: LogLine): void {
    this.#push(line, secondOf(line.ts), nanosOf(line.ts));
  }

  addQuiet(second: number, nanos: number): void {
    this.#push(null, second, nanos);
  }

  addSign(line: SignLine, second: number, nanos: number): void {
    this.#push(line, second, nanos);
  }

  addFrom(other: Stretch, at: number): void {
    this.#push(other.lines[at]!, other.seconds[at]!, other.nanos[at]!);
  }

  /** In the engine's form. */
  timeAt(at: number): string {
    return stampOfNanos(eventTime(this.seconds[at]!, this.nanos[at]!));
  }

  isBefore(at: number, other: Stretch, otherAt: number): boolean {
    const later = other.seconds[otherAt]! - this.seconds[at]!;
    return later === 0 ? this.nanos[at]! < other.nanos[otherAt]! : later > 0;
  }

  #push(line: LogLine | SignLine | null, second: number, nanos: number): void {
    const at = this.length++;
    this.lines[at] = line;
    this.seconds[at] = second;
    this.nanos[at] = nanos;
  }
}

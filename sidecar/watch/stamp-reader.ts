import { secondOf } from '../event-time.ts';
import { STAMP_LENGTH, toStamp } from './stamp.ts';

/** `2026-02-09T10:14:03.`: lines of a busy log mostly share it with the line before. */
const UP_TO_THE_SECOND = 20;
const LETTER_Z = 90;

/** Reads the engine's timestamps from bytes, digit by digit; only a new second is parsed. */
export class StampReader {
  second = 0;
  nanos = 0;
  readonly #known = Buffer.alloc(UP_TO_THE_SECOND);

  /** True when a time in the engine's own form stands there: then `second` and `nanos` are its. */
  read(bytes: Buffer, at: number): boolean {
    if (bytes[at + STAMP_LENGTH - 1] !== LETTER_Z) return false;
    let nanos = 0;
    for (let i = at + UP_TO_THE_SECOND; i < at + STAMP_LENGTH - 1; i++) {
      const digit = bytes[i]! - 48;
      if (digit < 0 || digit > 9) return false;
      nanos = nanos * 10 + digit;
    }
    if (!this.#sameSecond(bytes, at) && !this.#newSecond(bytes, at)) return false;
    this.nanos = nanos;
    return true;
  }

  #sameSecond(bytes: Buffer, at: number): boolean {
    // From its end: that is where two times differ.
    for (let i = UP_TO_THE_SECOND - 1; i >= 0; i--) if (bytes[at + i] !== this.#known[i]) return false;
    return true;
  }

  #newSecond(bytes: Buffer, at: number): boolean {
    const written = bytes.toString('latin1', at, at + STAMP_LENGTH);
    if (toStamp(written) !== written) return false;
    bytes.copy(this.#known, 0, at, at + UP_TO_THE_SECOND);
    this.second = secondOf(written);
    return true;
  }
}

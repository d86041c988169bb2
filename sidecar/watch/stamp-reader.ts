import { secondOf } from '../event-time.ts';
import { STAMP_LENGTH, toStamp } from './stamp.ts';

/** `2026-02-09T10:14:`. Lines of a busy log mostly share it with the line before. */
const UP_TO_THE_MINUTE = 17;
const UP_TO_THE_SECOND = 20;
const ZERO = 48;
const FIVE = 53;
const DOT = 46;
const LETTER_Z = 90;

/** Reads the engine's timestamps from bytes, digit by digit; only a new minute is parsed. */
export class StampReader {
  second = 0;
  nanos = 0;
  readonly #known = Buffer.alloc(UP_TO_THE_MINUTE);
  #minute = 0;

  /** True when a time in the engine's own form stands there: then `second` and `nanos` are its. */
  read(bytes: Buffer, at: number): boolean {
    if (bytes[at + STAMP_LENGTH - 1] !== LETTER_Z || bytes[at + UP_TO_THE_SECOND - 1] !== DOT) return false;
    const second = digits(bytes, at + UP_TO_THE_MINUTE, at + UP_TO_THE_SECOND - 1);
    const nanos = digits(bytes, at + UP_TO_THE_SECOND, at + STAMP_LENGTH - 1);
    if (second < 0 || nanos < 0 || bytes[at + UP_TO_THE_MINUTE]! > FIVE) return false;
    if (!this.#sameMinute(bytes, at) && !this.#newMinute(bytes, at)) return false;
    this.second = this.#minute + second;
    this.nanos = nanos;
    return true;
  }

  #sameMinute(bytes: Buffer, at: number): boolean {
    // From its end: that is where two times differ.
    for (let i = UP_TO_THE_MINUTE - 1; i >= 0; i--) if (bytes[at + i] !== this.#known[i]) return false;
    return true;
  }

  #newMinute(bytes: Buffer, at: number): boolean {
    const written = bytes.toString('latin1', at, at + STAMP_LENGTH);
    if (toStamp(written) !== written) return false;
    bytes.copy(this.#known, 0, at, at + UP_TO_THE_MINUTE);
    this.#minute = secondOf(`${written.slice(0, UP_TO_THE_MINUTE)}00.000000000Z`);
    return true;
  }
}

/** The number written there, -1 when there is anything but digits. */
function digits(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

const ESC = 0x1b;
const CR = 0x0d;
const CSI = 0x9b;
const BRACKET = 0x5b;

/**
 * Copies `[start, end)` without carriage returns, colours and cursor moves (CSI sequences) to the beginning of `into`, as
 * `clean` would leave it, and returns where it ends. -1 when there is anything else to take out: `clean` has to look.
 */
export function undress(bytes: Buffer, start: number, end: number, into: Buffer): number {
  let to = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === ESC) {
      at = endOfSequence(bytes, at + 1, end);
      if (at === -1) return -1;
    } else if (byte === CSI) return -1;
    else if (byte !== CR) into[to++] = byte;
  }
  return to;
}

/** The last byte of the CSI sequence whose ESC stands before `at`; -1 when it is another one. */
export function endOfSequence(bytes: Buffer, at: number, end: number): number {
  if (at >= end || bytes[at] !== BRACKET) return -1;
  let last = at + 1;
  while (last < end && bytes[last]! >= 0x30 && bytes[last]! <= 0x3f) last++;
  while (last < end && bytes[last]! >= 0x20 && bytes[last]! <= 0x2f) last++;
  if (last >= end) return end;
  return bytes[last]! >= 0x40 && bytes[last]! <= 0x7e ? last : -1;
}

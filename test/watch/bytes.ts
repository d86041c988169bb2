/** A frame as the engine writes it: 8-byte header and payload. */
export function frame(type: number, payload: Buffer | string): Buffer {
  const body = Buffer.from(payload as string);
  const header = Buffer.alloc(8);
  header[0] = type;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

/** `2026-03-01T00:00:00.000000000Z` plus so many nanoseconds. */
export function stamp(nanos: number | bigint): string {
  const at = BigInt(Date.parse('2026-03-01T00:00:00Z')) * 1_000_000n + BigInt(nanos);
  return `${new Date(Number(at / 1_000_000n)).toISOString().slice(0, 19)}.${String(at % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** Cuts bytes at the given places (any numbers; they are taken modulo the length). */
export function chop(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => (bytes.length === 0 ? 0 : cut % bytes.length)))].sort((a, b) => a - b);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const place of [...places, bytes.length]) {
    if (place > from) pieces.push(Buffer.from(bytes.subarray(from, place)));
    from = place;
  }
  return pieces;
}

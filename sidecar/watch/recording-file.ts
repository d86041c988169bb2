import { open } from 'node:fs/promises';

/** Four times what Node's own streams read at once: a read costs as much as a hundred lines. */
const READ_BYTES = 256 * 1024;

/**
 * A file's bytes piece by piece; the next piece is read meanwhile. The memory of a piece is reused once the next one was
 * asked for: new memory for every piece costs more than reading it. Rejects when the first piece cannot be read.
 */
export async function readPieces(path: string): Promise<AsyncGenerator<Buffer>> {
  const file = await open(path);
  const memory = [Buffer.allocUnsafeSlow(READ_BYTES), Buffer.allocUnsafeSlow(READ_BYTES)] as const;
  const read = async (turn: 0 | 1): Promise<Buffer> => memory[turn].subarray(0, (await file.read(memory[turn], 0, READ_BYTES, null)).bytesRead);
  try {
    // A folder opens like a file and fails only when it is read.
    return pieces(await read(0));
  } catch (error) {
    await file.close();
    throw error;
  }

  async function* pieces(first: Buffer): AsyncGenerator<Buffer> {
    let piece = first;
    let next = Promise.resolve(first);
    try {
      for (let turn: 0 | 1 = 1; piece.length > 0; turn = turn === 0 ? 1 : 0) {
        next = read(turn);
        // Awaited below; until then a failure is nobody's.
        next.catch(() => undefined);
        yield piece;
        piece = await next;
      }
    } finally {
      await next.catch(() => undefined);
      await file.close();
    }
  }
}

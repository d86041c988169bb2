import { closeSync, openSync, readSync } from 'node:fs';

/** Four times what Node's own streams read at once: a read costs as much as a hundred lines. */
const READ_BYTES = 256 * 1024;

/**
 * A file's bytes piece by piece, in memory that is used again for the next one. Read in place: the kernel reads ahead, and
 * handing every piece over between threads costs more than reading it. Rejects when the first piece cannot be read.
 */
export async function readPieces(path: string): Promise<AsyncGenerator<Buffer>> {
  const file = openSync(path, 'r');
  const memory = Buffer.allocUnsafeSlow(READ_BYTES);
  const read = (): Buffer => memory.subarray(0, readSync(file, memory));
  try {
    // A folder opens like a file and fails only when it is read.
    return pieces(read());
  } catch (error) {
    closeSync(file);
    throw error;
  }

  async function* pieces(first: Buffer): AsyncGenerator<Buffer> {
    try {
      for (let piece = first; piece.length > 0; piece = read()) yield piece;
    } finally {
      closeSync(file);
    }
  }
}

import { createHash, hash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { changed } from './faults.ts';

/** Files are moved in pieces of this size, so that memory does not grow with the profile. */
const PIECE = 64 * 1024;

/** The first `size` bytes, in pieces that are each a buffer of their own. Throws when the file is shorter. */
export async function* readPieces(handle: FileHandle, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < size;) {
    const wanted = Math.min(PIECE, size - at);
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, at);
    if (bytesRead === 0) changed('a file');
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** SHA-256 over pieces. Most files are one piece, and 20,000 hash objects that wait for the collector are tens of megabytes. */
export class Checksum {
  #only: Buffer | null = null;
  #hash: Hash | null = null;

  update(piece: Buffer): void {
    if (this.#hash) this.#hash.update(piece);
    else if (this.#only) this.#hash = createHash('sha256').update(this.#only).update(piece);
    else this.#only = piece;
  }

  hex(): string {
    return this.#hash ? this.#hash.digest('hex') : hash('sha256', this.#only ?? Buffer.alloc(0));
  }
}

const ZEROS = Buffer.alloc(PIECE);

/** Writes pieces in order and leaves runs of zeros as holes, so that a sparse file stays one. */
export class SparseWriter {
  readonly #handle: FileHandle;
  #at = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(piece: Buffer): Promise<void> {
    const isHole = piece.length <= ZEROS.length && piece.equals(ZEROS.subarray(0, piece.length));
    for (let done = 0; !isHole && done < piece.length;) {
      done += (await this.#handle.write(piece, done, piece.length - done, this.#at + done)).bytesWritten;
    }
    this.#at += piece.length;
  }

  /** A hole at the end has its length only after this. */
  async end(): Promise<void> {
    await this.#handle.truncate(this.#at);
  }
}

/** ESC, CR, and CSI as one character (its last byte in UTF-8): without one of them `clean` changes nothing. */
const CONTROLS = [0x1b, 0x0d, 0x9b] as const;
const NOT_SOUGHT = -1;

/** Tells which stretches of a buffer hold such a byte. One search per byte that is there, none per line without. */
export class Controls {
  #bytes: Buffer | null = null;
  #from = 0;
  readonly #next = [NOT_SOUGHT, NOT_SOUGHT, NOT_SOUGHT];

  /** Call it whenever the memory has new content. */
  begin(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#from = 0;
    this.#next.fill(NOT_SOUGHT);
  }

  within(bytes: Buffer, start: number, end: number): boolean {
    if (bytes !== this.#bytes || start < this.#from) this.begin(bytes);
    this.#from = start;
    return this.#stands(0, start, end) || this.#stands(1, start, end) || this.#stands(2, start, end);
  }

  #stands(which: 0 | 1 | 2, start: number, end: number): boolean {
    let next = this.#next[which]!;
    if (next < start) {
      next = this.#bytes!.indexOf(CONTROLS[which], start);
      this.#next[which] = next === -1 ? Number.MAX_SAFE_INTEGER : next;
      return next !== -1 && next < end;
    }
    return next < end;
  }
}

import type { Writable } from 'node:stream';

/** Both shapes are seen in the field: text with a JSON tail, and pure JSON. */
export type WrapperShape = 'text' | 'json';

/** The wrapper's winston logger. */
export class WrapperLog {
  readonly #out: Writable;
  readonly #now: () => number;
  shape: WrapperShape;

  constructor(out: Writable, shape: WrapperShape, now: () => number) {
    this.#out = out;
    this.shape = shape;
    this.#now = now;
  }

  write(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown> = {}): void {
    const timestamp = new Date(this.#now()).toISOString();
    const tail = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : '';
    this.raw(this.shape === 'text' ? `${timestamp} [${level}]: ${message}${tail}` : JSON.stringify({ level, message, ...fields, timestamp }));
  }

  raw(text: string): void {
    this.#out.write(`${text}\n`);
  }
}

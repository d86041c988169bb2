/** Ctrl-C or SIGTERM, turned into a rejection, so that what is open is removed on one way only. */
export class Interruption {
  readonly #stop = new AbortController();
  /** The signal that came; null while none did. */
  came: NodeJS.Signals | null = null;

  constructor(then: () => void) {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (this.came) return; // already at it; a second one would leave things behind
        this.came = name;
        then();
        this.#stop.abort(new Error(`interrupted by ${name}`));
      });
    }
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** `work`, or a rejection at once when a signal comes; `work` itself is not stopped. */
  async during<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    signal.throwIfAborted();
    return Promise.race([work, new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))]);
  }
}

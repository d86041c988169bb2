/** Chunks this close together are one burst; the first after a silence is not kept waiting. */
const BURST_MS = 10;

/** An answer of the engine, whoever reads it from the socket: dockerode (an IncomingMessage) or `LogAnswer`. */
export interface Answer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The end was the engine's own. */
  readonly complete: boolean;
  readonly closed: boolean;
  destroy(): unknown;
  resume(): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
}

export type DrainEnd = 'complete' | 'cut' | 'silent';

/**
 * Reads a response to its end without ever pausing it (a paused reader falls behind a rotation and loses what
 * the engine threw away). With `idleMs`, a response silent for that long is destroyed.
 *
 * `afterBurst` is called once for chunks that came close together (10 ms), and before this resolves: what
 * is done per read is done ten thousand times a second. Rejects with what either throws.
 */
export function drain(response: Answer, onChunk: (chunk: Buffer) => void, idleMs?: number, afterBurst: () => void = () => undefined): Promise<DrainEnd> {
  return new Promise((resolve, reject) => {
    if (response.closed) return resolve('cut');
    let silent = false;
    let failed = false;
    let burst: NodeJS.Immediate | NodeJS.Timeout | null = null;
    let burstAt = Number.NEGATIVE_INFINITY;
    const watchdog = idleMs === undefined ? null : setTimeout(() => {
      silent = true;
      response.destroy();
    }, idleMs);
    const guarded = (work: () => void) => {
      if (failed) return;
      try {
        work();
      } catch (error) {
        failed = true;
        response.destroy();
        reject(error);
      }
    };
    const endOfBurst = () => {
      burst = null;
      burstAt = performance.now();
      watchdog?.refresh();
      guarded(afterBurst);
    };
    const later = () => {
      burst = performance.now() - burstAt < BURST_MS ? setTimeout(endOfBurst, BURST_MS) : setImmediate(endOfBurst);
    };
    response.on('data', (chunk: Buffer) => {
      if (burst === null) later();
      guarded(() => onChunk(chunk));
    });
    // A cut shows as `error` and then `close`; `complete` alone says whether the end was the engine's own.
    response.on('error', () => undefined);
    response.once('close', () => {
      if (watchdog) clearTimeout(watchdog);
      if (burst) {
        clearImmediate(burst as NodeJS.Immediate);
        clearTimeout(burst as NodeJS.Timeout);
        guarded(afterBurst);
      }
      resolve(silent ? 'silent' : response.complete ? 'complete' : 'cut');
    });
    response.resume();
  });
}

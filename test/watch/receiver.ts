import type Dockerode from 'dockerode';
import { realClock } from '../../sidecar/clock.ts';
import type { LogLine } from '../../sidecar/words.ts';
import { type Delivery, type WatchOptions, Watcher } from '../../sidecar/watch/watcher.ts';

/** Keeps lines and cursors as the state database does: both or neither. Survives the watchers it is given to. */
export class Receiver {
  readonly lines: LogLine[] = [];
  readonly cursors = new Map<string, string>();
  readonly told: string[] = [];
  /** Deliveries refused from now on, as by a full disk. */
  refuse = 0;

  readonly deliver = (delivery: Delivery): void => {
    if (this.refuse > 0) {
      this.refuse--;
      throw new Error('database or disk is full');
    }
    this.lines.push(...delivery.lines);
    this.cursors.set(delivery.cursor.containerId, delivery.cursor.json);
  };

  watcher(docker: Dockerode, names: string[], options: Partial<WatchOptions> = {}): Watcher {
    return new Watcher({
      docker,
      names,
      clock: realClock,
      deliver: this.deliver,
      loadCursor: (id) => this.cursors.get(id) ?? null,
      dropCursor: (id) => this.cursors.delete(id),
      tell: (level, message) => this.told.push(`${level}: ${message}`),
      // Everything the engine has, whatever its age; audits often, so that a test sees them.
      sinceMs: Number.MAX_SAFE_INTEGER,
      auditEveryMs: 200,
      reconcileEveryMs: 500,
      callDeadlineMs: 2_000,
      ...options,
    });
  }

  texts(): string[] {
    return this.lines.map((line) => line.text);
  }
}

/** Waits until the condition holds; fails with what was seen after `ms`. */
export async function until(what: string, condition: () => boolean, seen: () => unknown = () => '', ms = 10_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`did not happen within ${ms / 1000} s: ${what}; seen: ${JSON.stringify(seen()).slice(0, 2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

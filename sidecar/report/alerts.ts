import type { Clock } from '../clock.ts';
import type { Entry } from './audit-log.ts';

/** Something a human should know now. */
export interface Alert {
  /** One incident is one key: what is told again under it is the same matter. */
  key: string;
  message: string;
  session?: string | null;
  /** For figures and filters: `needs-qr`, `rolled-back`, `held`, `logout`, … */
  kind?: string;
  /** Where a human can act, such as the page of a QR. */
  link?: string | undefined;
  /** Something that happened, such as the end of a repair: the log has a line of each, also when they end in the same words. */
  event?: boolean;
}

export interface OpenAlert {
  key: string;
  session: string | null;
  kind: string;
  message: string;
  link: string | null;
  /** ISO texts, as in the log. */
  since: string;
  lastAt: string;
  /** How often it was raised, the first time included. */
  times: number;
}

/** What other channels hear. `text` is clean already. */
export interface Notice {
  kind: 'alert' | 'resolved' | 'digest' | 'test';
  key: string;
  session: string | null;
  /** Clock ms. */
  at: number;
  text: string;
  link: string | null;
}

export interface Alerter {
  /** Tells it once; the same message under the same key is counted until it is resolved. */
  alert(alert: Alert): void;
  /** The matter is over. Says nothing when nobody had heard of it. */
  resolved(key: string, message?: string): void;
  /** What is open, oldest first. */
  open(): OpenAlert[];
}

export interface AlertsOptions {
  clock: Clock;
  log: { write(entry: Entry): void };
  /** Takes secrets, numbers and message text out of a text. */
  clean: (text: string) => string;
  count: (kind: string) => void;
  /** Other channels than the log file; the log has it already. */
  notify?: (notice: Notice) => void;
}

type Kept = Omit<OpenAlert, 'since' | 'lastAt'> & { since: number; lastAt: number };

/** More open matters than this are no matters of single sessions any more; the oldest is let go. */
const MOST_OPEN = 1_000;

/** Alerts as they stand in the log (`ALERT …`), in the API and in other channels: one per incident, repeats counted. */
export class Alerts implements Alerter {
  readonly #options: AlertsOptions;
  readonly #open = new Map<string, Kept>();

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  alert(alert: Alert): void {
    const at = this.#options.clock.now();
    const known = this.#open.get(alert.key);
    const message = this.#options.clean(alert.message);
    const kind = alert.kind ?? known?.kind ?? 'other';
    const session = alert.session ?? known?.session ?? null;
    const log = (): void => this.#options.log.write({ level: 'warn', message, session, alert: true, details: { kind } });
    if (known) {
      known.times++;
      known.lastAt = at;
      if (known.message === message) return alert.event ? log() : undefined;
    }
    this.#keep({ key: alert.key, session, kind, message, link: alert.link ?? null, since: known?.since ?? at, lastAt: at, times: known?.times ?? 1 });
    this.#options.count(kind);
    log();
    this.#options.notify?.({ kind: 'alert', key: alert.key, session, at, text: message, link: alert.link ?? null });
  }

  resolved(key: string, message = 'over'): void {
    const known = this.#open.get(key);
    if (!known) return;
    this.#open.delete(key);
    const at = this.#options.clock.now();
    const { session } = known;
    const text = `resolved after ${minutes(at - known.since)}${known.times > 1 ? `, raised ${known.times} times` : ''}: ${this.#options.clean(message)}`;
    this.#options.log.write({ level: 'info', message: text, session, details: { kind: known.kind } });
    this.#options.notify?.({ kind: 'resolved', key, session, at, text, link: null });
  }

  open(): OpenAlert[] {
    return [...this.#open.values()].map((alert) => ({ ...alert, key: this.#options.clean(alert.key), since: iso(alert.since), lastAt: iso(alert.lastAt) }));
  }

  #keep(alert: Kept): void {
    this.#open.set(alert.key, alert);
    if (this.#open.size > MOST_OPEN) this.#open.delete(this.#open.keys().next().value!);
  }
}

const minutes = (ms: number): string => (ms < 60_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`);
const iso = (ms: number): string => new Date(ms).toISOString();

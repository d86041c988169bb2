import { readEnvelope } from '../detect/envelope.ts';
import type { LogLine } from '../words.ts';

/** One failure is a hiccup of the network, and the wrapper tries again by itself. */
const WORTH_AN_ALERT = 3;
/** Failures further apart than this are no one matter; and wppconnect-server prints nothing when a call succeeds. */
const OVER_AFTER_MS = 15 * 60_000;

const FAILURES = ['Webhook delivery failed', 'Error calling Webhook'] as const;
const DELIVERY = 'Webhook delivered successfully';
/** What to look for. Every third line of a busy wrapper tells of a delivery: that is news only while there is trouble. */
export const WEBHOOK_NEWS = { words: FAILURES, sequel: { after: FAILURES, words: [DELIVERY], forMs: OVER_AFTER_MS } } as const;
const ALL_WORDS = [...FAILURES, DELIVERY];

export interface WebhookAlerts {
  alert(alert: { key: string; kind: string; message: string }): void;
  resolved(key: string, message: string): void;
}

interface Trouble { failures: number; newest: number; told: boolean }

/**
 * Messages that reach the gateway and not the Hub behind it: counted per container, told once, resolved when a delivery
 * succeeds. It is no session's fault, so no session is touched for it.
 */
export class WebhookTrouble {
  readonly #alerts: WebhookAlerts;
  readonly #standing = new Map<string, Trouble>();
  readonly #failures = new Map<string, number>();

  constructor(alerts: WebhookAlerts) {
    this.#alerts = alerts;
  }

  read(line: LogLine): void {
    const news = this.#standing.has(line.container) ? ALL_WORDS : FAILURES;
    if (!news.some((words) => line.text.includes(words))) return;
    // Only what the program itself says: in a frame, from its first character.
    const { shape, said } = readEnvelope(line.text);
    if (shape === 'text') return;
    if (FAILURES.some((words) => said.startsWith(words))) this.#failed(line.container, Date.parse(line.ts), shape === 'server');
    else if (said.startsWith(DELIVERY)) this.#over(line.container, 'deliveries succeed again');
  }

  /** Trouble that was not heard of for a while is over. Call now and then. */
  tick(now: number): void {
    for (const [container, { newest }] of this.#standing) if (now - newest > OVER_AFTER_MS) this.#over(container, 'no delivery has failed for 15 minutes');
  }

  /** All failures since the start, by container. */
  failures(): ReadonlyMap<string, number> {
    return this.#failures;
  }

  #failed(container: string, at: number, byServer: boolean): void {
    this.#failures.set(container, (this.#failures.get(container) ?? 0) + 1);
    const before = this.#standing.get(container);
    const trouble = before && at - before.newest <= OVER_AFTER_MS ? before : { failures: 0, newest: at, told: before?.told ?? false };
    trouble.failures++;
    trouble.newest = Math.max(trouble.newest, at);
    this.#standing.set(container, trouble);
    if (trouble.failures < WORTH_AN_ALERT || trouble.told) return;
    trouble.told = true;
    const to = byServer ? 'gateway-wrapper (the webhook address in its settings)' : 'the Hub behind it';
    this.#alerts.alert({
      key: keyOf(container), kind: 'webhook-delivery',
      message: `${container} cannot deliver webhooks: messages arrive at the gateway and do not reach ${to}; the sessions are not the cause and are left alone; check that it is up and that the address is right (auto-fix trace "Webhook" shows the errors)`,
    });
  }

  #over(container: string, how: string): void {
    const trouble = this.#standing.get(container);
    if (!trouble) return;
    this.#standing.delete(container);
    if (trouble.told) this.#alerts.resolved(keyOf(container), `webhooks of ${container}: ${how}, after ${trouble.failures} failures`);
  }
}

const keyOf = (container: string): string => `webhooks ${container}`;

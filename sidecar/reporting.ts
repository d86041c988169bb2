import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { Alerts } from './report/alerts.ts';
import { AuditLog, type Level, type Tell } from './report/audit-log.ts';
import { JsonOut } from './report/json-out.ts';
import { createMetrics, type Gauges, type Metrics } from './report/metrics.ts';
import { scrubber } from './report/scrub.ts';

/** How everything that happens is told: log file, stdout, alerts, figures. */
export interface Reporting {
  tell: Tell;
  /** The same for rooms that mark their alerts with a first word. */
  tellOrAlert(level: Level, message: string, session?: string): void;
  /** Whether the log file has that line already, written at or after `sinceMs`. */
  stands(message: string, session: string, sinceMs: number): boolean;
  alerts: Alerts;
  metrics: Metrics;
  clean(text: string): string;
  /** A fault of our own by part, for /healthz; null when that part works again. */
  trouble(part: string, fault: string | null): void;
  /** Our own faults that stand now. */
  troubles(): string[];
  close(): Promise<void>;
}

const ALERT = 'ALERT ';
/** A part that writes again says so, or no more; one that fails says it with every try. */
const FORGOTTEN_AFTER_MS = 5 * 60_000;
/** A last alert may be on its way; Compose's grace time is for the sessions, not for it. */
const LAST_ALERT_MS = 3000;

export async function reporting(config: Config, clock: Clock, gauges: Gauges, out = new JsonOut()): Promise<Reporting> {
  const clean = scrubber(secretsOf(config));
  const log = new AuditLog({ path: config.logFile, clock, clean, out });
  const metrics = await createMetrics(gauges);
  const notifier = await notifierOf(config, clock, log.tell);
  const alerts = new Alerts({ clock, log, clean, count: (kind) => metrics.alert(kind), ...(notifier ? { notify: notifier.push } : {}) });
  const troubles = new Map<string, { fault: string; at: number }>();
  const standing = (): string[] => [...troubles.values()].filter(({ at }) => clock.now() - at < FORGOTTEN_AFTER_MS).map(({ fault }) => fault);
  return {
    tell: log.tell,
    tellOrAlert: (level, message, session) =>
      message.startsWith(ALERT)
        ? alerts.alert({ key: `session ${session}`, session: session ?? null, message: message.slice(ALERT.length) })
        : log.tell(level, message, session),
    stands: (message, session, sinceMs) => log.has(message, session, sinceMs),
    alerts,
    metrics,
    clean,
    trouble(part, fault) {
      if (fault !== null && troubles.get(part)?.fault !== fault) log.tell('error', fault);
      if (fault === null) troubles.delete(part);
      else troubles.set(part, { fault, at: clock.now() });
    },
    troubles: () => [...standing(), ...[log.trouble()].filter((trouble) => trouble !== null)],
    async close() {
      await notifier?.close(LAST_ALERT_MS);
      log.close();
    },
  };
}

function secretsOf({ token, alertWebhook, wppconnect, wrapper, backend, redis }: Config) {
  return [token, alertWebhook, wppconnect?.secret ?? null, wrapper?.secret ?? null, backend?.token ?? null, redis?.url ?? null];
}

async function notifierOf(config: Config, clock: Clock, tell: Tell) {
  if (!config.alertWebhook) return null;
  const [{ Notifier }, { webhookChannel }] = await Promise.all([import('./report/notifier.ts'), import('./report/webhook.ts')]);
  return new Notifier({ channel: webhookChannel(config.alertWebhook), clock, tell });
}

import type { Registry } from 'prom-client';
import type { Figures } from '../doctor/figures.ts';

/** What the state database and the logs know beside the counters. */
export interface KeptFigures {
  lastDay(): Figures;
  webhookFailures(): ReadonlyMap<string, number>;
}

/** The figures of `auto-fix stats` over the last 24 hours; what could not be measured is NaN, as Prometheus has it. */
export function addFigureGauges(prom: Pick<typeof import('prom-client'), 'Gauge' | 'Counter'>, registry: Registry, kept: KeptFigures): void {
  const registers = [registry];
  const gauge = (name: string, help: string, value: (figures: Figures) => number | null): void => {
    new prom.Gauge({ name: `auto_fix_day_${name}`, help: `${help}, over the last 24 hours`, registers, collect() { this.set(value(kept.lastDay()) ?? Number.NaN); } });
  };
  gauge('incidents', 'Incidents', ({ incidents }) => incidents);
  gauge('repairs_by_hand', 'Repairs and restores that somebody asked for', ({ byHand }) => byHand);
  gauge('repair_success_ratio', 'Repairs that ended fixed, of all that were tried', ({ successRate }) => successRate);
  gauge('detect_seconds', 'Mean time from the first sign of a fault to its incident', ({ meanDetectMs }) => seconds(meanDetectMs));
  gauge('restore_seconds', 'Mean time from an incident to a working session', ({ meanRepairMs }) => seconds(meanRepairMs));
  gauge('availability_ratio', 'Share of the known time in which sessions were connected, mean of all', ({ availability }) => mean(Object.values(availability)));
  gauge('availability_worst_ratio', 'The same of the worst session', ({ availability }) => least(Object.values(availability)));
  new prom.Counter({
    name: 'auto_fix_webhook_failures_total', help: 'Webhook deliveries that failed', labelNames: ['container'], registers,
    collect() {
      this.reset();
      for (const [container, count] of kept.webhookFailures()) this.inc({ container }, count);
    },
  });
}

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
const known = (shares: readonly (number | null)[]): number[] => shares.filter((share) => share !== null);
const least = (shares: readonly (number | null)[]): number | null => (known(shares).length === 0 ? null : Math.min(...known(shares)));
const mean = (shares: readonly (number | null)[]): number | null => (known(shares).length === 0 ? null : known(shares).reduce((sum, share) => sum + share, 0) / known(shares).length);

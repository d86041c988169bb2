import type { Counter, Gauge } from 'prom-client';
import { addFigureGauges, type KeptFigures } from './figure-gauges.ts';
import { RUNGS, type FaultClass, type HitClass, type OutcomeResult, type Probe, type RefusalCode, type Rung } from '../words.ts';

/** The figures of one container's stream since the start of the sidecar: a part of watch's `ContainerHealth`. */
export interface StreamFigures {
  /** The watched name; several containers of one service share it. */
  name: string;
  lines: number;
  /** Age of the newest line when it was read, ms; null before the first. */
  lagMs: number | null;
  reconnects: number;
  duplicatesDropped: number;
  /** Lines a stream had passed over and an audit found. */
  recovered: number;
  skippedBytes: number;
}

/** What is read when somebody asks for the figures. */
export interface Gauges {
  streams(): readonly StreamFigures[];
  openIncidents(): number;
  openAlerts(): number;
  /** Known sessions per true status. */
  sessionsByStatus(): Readonly<Record<string, number>>;
  paused(): boolean;
  healthy(): boolean;
  /** What is kept over restarts, where anything is. */
  kept?: KeptFigures;
}

export interface Metrics {
  hit(cls: HitClass): void;
  firing(cls: FaultClass): void;
  refusal(code: RefusalCode): void;
  /** `downMs`: how long the session was offline for it, when that is known. */
  repair(rung: Rung, result: OutcomeResult, downMs?: number): void;
  probe(probe: Probe): void;
  alert(kind: string): void;
  /** The Prometheus text. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** All known ahead, so that each is there with 0 from the start and an alarm on its rate works the first time. */
const HIT_CLASSES = { corruption: 1, disconnect: 1, recovery: 1, logout: 1, activity: 1, suspect: 1 } satisfies Record<HitClass, 1>;
const FAULT_CLASSES = { corruption: 1, disconnect: 1 } satisfies Record<FaultClass, 1>;
const PROBES = { healthy: 1, zombie: 1, closed: 1, starting: 1, qr: 1, unknown: 1 } satisfies Record<Probe, 1>;
const RESULTS = { fixed: 1, 'needs-qr': 1, 'rolled-back': 1, failed: 1, refused: 1 } satisfies Record<OutcomeResult, 1>;
const REFUSALS = {
  paused: 1, 'dry-run': 1, cooldown: 1, 'budget-spent': 1, 'in-flight': 1, 'waiting-for-human': 1, 'healthy-now': 1, muted: 1,
  'correlated-failure': 1, 'starting-up': 1, 'stopped-on-purpose': 1, 'not-attributed': 1, 'unknown-session': 1, stale: 1,
  'backup-impossible': 1, 'gateway-unreachable': 1, 'ladder-spent': 1, 'fault-not-proven': 1,
} satisfies Record<RefusalCode, 1>;

/** A reconnect takes a second, a start up to a minute, a QR much longer. */
const DOWN_SECONDS = [1, 5, 15, 30, 60, 120, 300, 900];

/**
 * The figures behind `GET /metrics`, all named `auto_fix_…`. No label holds a session's name: names may be phone
 * numbers. Loads prom-client on the first call, so that short commands never do.
 */
export async function createMetrics(gauges: Gauges): Promise<Metrics> {
  const { Registry, Counter, Gauge, Histogram } = await import('prom-client');
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name: `auto_fix_${name}_total`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, fill: (gauge: Gauge<L>) => void, ...labelNames: L[]): Gauge<L> =>
    new Gauge({ name: `auto_fix_${name}`, help, labelNames, registers, collect() { fill(this); } });
  /** A counter whose totals somebody else keeps. */
  const streamCounter = (name: string, help: string, total: (figures: StreamFigures) => number): void => {
    new Counter({
      name: `auto_fix_stream_${name}_total`, help, labelNames: ['container'], registers,
      collect() {
        this.reset();
        for (const figures of gauges.streams()) this.inc({ container: figures.name }, total(figures));
      },
    });
  };

  streamCounter('lines', 'Lines read', ({ lines }) => lines);
  streamCounter('reconnects', 'Times a stream was opened again', ({ reconnects }) => reconnects);
  streamCounter('duplicates', 'Lines seen before and dropped', ({ duplicatesDropped }) => duplicatesDropped);
  streamCounter('recovered', 'Lines a stream had passed over and an audit found', ({ recovered }) => recovered);
  streamCounter('skipped_bytes', 'Bytes of overlong lines that were skipped', ({ skippedBytes }) => skippedBytes);
  gauge('stream_lag_seconds', 'Age of the newest line, of the slowest container of that name', (lag) => {
    lag.reset();
    const leastFirst = gauges.streams().filter(({ lagMs }) => lagMs !== null).sort((a, b) => a.lagMs! - b.lagMs!);
    for (const { name, lagMs } of leastFirst) lag.set({ container: name }, lagMs! / 1000);
  }, 'container');
  gauge('sessions', 'Known sessions by true status', (sessions) => {
    sessions.reset();
    for (const [status, count] of Object.entries(gauges.sessionsByStatus())) sessions.set({ status }, count);
  }, 'status');
  gauge('open_incidents', 'Incidents that are open', (open) => open.set(gauges.openIncidents()));
  gauge('open_alerts', 'Alerts that are open', (open) => open.set(gauges.openAlerts()));
  gauge('paused', '1 while repairs are paused', (paused) => paused.set(Number(gauges.paused())));
  gauge('healthy', '1 while the sidecar can read, write and decide', (healthy) => healthy.set(Number(gauges.healthy())));

  if (gauges.kept) addFigureGauges({ Gauge, Counter }, registry, gauges.kept);

  const hits = counter('hits', 'Hits by class', 'class');
  const firings = counter('firings', 'Windows that held more hits than allowed', 'class');
  const refusals = counter('refusals', 'Times nothing was done, by reason', 'code');
  const repairs = counter('repairs', 'Repairs by rung and result', 'rung', 'result');
  const probes = counter('probes', 'Looks at a session, by what they showed', 'probe');
  const alerts = counter('alerts', 'Alerts by kind', 'kind');
  const down = new Histogram({ name: 'auto_fix_repair_down_seconds', help: 'Time a session was offline for a repair', labelNames: ['rung'], buckets: DOWN_SECONDS, registers });

  for (const cls of Object.keys(HIT_CLASSES)) hits.inc({ class: cls }, 0);
  for (const cls of Object.keys(FAULT_CLASSES)) firings.inc({ class: cls }, 0);
  for (const code of Object.keys(REFUSALS)) refusals.inc({ code }, 0);
  for (const probe of Object.keys(PROBES)) probes.inc({ probe }, 0);
  for (const rung of RUNGS) for (const result of Object.keys(RESULTS)) repairs.inc({ rung, result }, 0);

  return {
    hit: (cls) => hits.inc({ class: cls }),
    firing: (cls) => firings.inc({ class: cls }),
    refusal: (code) => refusals.inc({ code }),
    repair(rung, result, downMs) {
      repairs.inc({ rung, result });
      if (downMs !== undefined) down.observe({ rung }, downMs / 1000);
    },
    probe: (probe) => probes.inc({ probe }),
    alert: (kind) => alerts.inc({ kind }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

import { describe, expect, it } from 'vitest';
import { register } from 'prom-client';
import { createMetrics, type Gauges, type StreamFigures } from '../../sidecar/report/metrics.ts';

function gauges(changes: Partial<Gauges> = {}): Gauges {
  return { streams: () => [], openIncidents: () => 0, openAlerts: () => 0, sessionsByStatus: () => ({}), paused: () => false, healthy: () => true, ...changes };
}

async function series(text: Promise<string>): Promise<Map<string, string>> {
  const lines = (await text).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]));
}

describe('the figures', () => {
  it('are there from the start with 0', async () => {
    const metrics = await createMetrics(gauges());
    const seen = await series(metrics.text());
    for (const name of ['auto_fix_hits_total{class="corruption"}', 'auto_fix_firings_total{class="disconnect"}', 'auto_fix_refusals_total{code="cooldown"}',
      'auto_fix_repairs_total{rung="reset",result="needs-qr"}', 'auto_fix_probes_total{probe="zombie"}']) expect([name, seen.get(name)]).toEqual([name, '0']);
    expect(metrics.contentType).toContain('text/plain');
  });

  it('count what happens', async () => {
    const metrics = await createMetrics(gauges());
    metrics.hit('disconnect');
    metrics.hit('disconnect');
    metrics.firing('disconnect');
    metrics.refusal('cooldown');
    metrics.repair('restart', 'fixed', 12_000);
    metrics.probe('zombie');
    metrics.alert('needs-qr');
    const seen = await series(metrics.text());
    expect(Object.fromEntries(seen)).toMatchObject({
      'auto_fix_hits_total{class="disconnect"}': '2',
      'auto_fix_firings_total{class="disconnect"}': '1',
      'auto_fix_refusals_total{code="cooldown"}': '1',
      'auto_fix_repairs_total{rung="restart",result="fixed"}': '1',
      'auto_fix_repair_down_seconds_bucket{le="15",rung="restart"}': '1',
      'auto_fix_repair_down_seconds_bucket{le="5",rung="restart"}': '0',
      'auto_fix_probes_total{probe="zombie"}': '1',
      'auto_fix_alerts_total{kind="needs-qr"}': '1',
    });
  });

  it('show streams and state as they are when asked, and forget a container that is gone', async () => {
    let streams: StreamFigures[] = [
      { name: 'wpp', lines: 10, lagMs: 1_500, reconnects: 2, duplicatesDropped: 3, recovered: 5, skippedBytes: 4 },
      { name: 'wpp', lines: 2, lagMs: 20, reconnects: 0, duplicatesDropped: 0, recovered: 0, skippedBytes: 0 },
    ];
    const metrics = await createMetrics(gauges({ streams: () => streams, paused: () => true, sessionsByStatus: () => ({ connected: 2 }), openIncidents: () => 1 }));
    const first = await series(metrics.text());
    expect(Object.fromEntries(first)).toMatchObject({
      'auto_fix_stream_lines_total{container="wpp"}': '12', 'auto_fix_stream_lag_seconds{container="wpp"}': '1.5',
      'auto_fix_stream_reconnects_total{container="wpp"}': '2', 'auto_fix_stream_duplicates_total{container="wpp"}': '3',
      'auto_fix_stream_skipped_bytes_total{container="wpp"}': '4', 'auto_fix_stream_recovered_total{container="wpp"}': '5', auto_fix_paused: '1', auto_fix_healthy: '1',
      auto_fix_open_incidents: '1', 'auto_fix_sessions{status="connected"}': '2',
    });
    expect((await series(metrics.text())).get('auto_fix_stream_lines_total{container="wpp"}')).toBe('12');
    streams = [{ name: 'wrapper', lines: 1, lagMs: null, reconnects: 0, duplicatesDropped: 0, recovered: 0, skippedBytes: 0 }];
    const later = await series(metrics.text());
    expect([later.has('auto_fix_stream_lines_total{container="wpp"}'), later.has('auto_fix_stream_lag_seconds{container="wrapper"}')]).toEqual([false, false]);
  });

  it('leave the registry of everybody else alone', async () => {
    const before = (await register.getMetricsAsJSON()).length;
    await createMetrics(gauges());
    await createMetrics(gauges());
    expect(await register.getMetricsAsJSON()).toHaveLength(before);
  });
});

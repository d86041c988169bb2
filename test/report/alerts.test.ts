import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../sidecar/clock.ts';
import { Alerts, type Notice } from '../../sidecar/report/alerts.ts';
import type { Entry } from '../../sidecar/report/audit-log.ts';

function alerting() {
  const clock = new VirtualClock(1_000_000);
  const logged: Entry[] = [];
  const counted: string[] = [];
  const notices: Notice[] = [];
  const alerts = new Alerts({
    clock, log: { write: (entry) => logged.push(entry) }, clean: (text) => text.replaceAll('5511900001234', '[number]'),
    count: (kind) => counted.push(kind), notify: (notice) => notices.push(notice),
  });
  return { clock, alerts, logged, counted, notices };
}

const QR = { key: 'session blue12', session: 'blue12', kind: 'needs-qr', message: 'needs a QR scan' };

describe('an alert', () => {
  it('stands in the log as an alert, is counted, listed and passed on', () => {
    const { alerts, logged, counted, notices } = alerting();
    alerts.alert(QR);
    expect(logged).toEqual([{ level: 'warn', message: 'needs a QR scan', session: 'blue12', alert: true, details: { kind: 'needs-qr' } }]);
    expect(counted).toEqual(['needs-qr']);
    expect(alerts.open()).toEqual([{ ...QR, link: null, since: '1970-01-01T00:16:40.000Z', lastAt: '1970-01-01T00:16:40.000Z', times: 1 }]);
    expect(notices).toEqual([{ kind: 'alert', key: 'session blue12', session: 'blue12', at: 1_000_000, text: 'needs a QR scan', link: null }]);
  });

  it('raised ten thousand times is told once', () => {
    const { alerts, logged, notices } = alerting();
    for (let i = 0; i < 10_000; i++) alerts.alert(QR);
    expect([logged.length, notices.length, alerts.open()[0]!.times]).toEqual([1, 1, 10_000]);
  });

  it('about an event has a line of each in the log, also when they end in the same words; nobody is called twice', () => {
    const { alerts, logged, notices } = alerting();
    for (let i = 0; i < 3; i++) alerts.alert({ ...QR, event: true });
    expect([logged.length, notices.length, alerts.open()[0]!.times]).toEqual([3, 1, 3]);
  });

  it('tells at once when the same matter takes another turn', () => {
    const { alerts, logged } = alerting();
    alerts.alert(QR);
    alerts.alert({ ...QR, kind: 'given-up', message: 'nobody scanned it' });
    expect(logged.map((entry) => entry.message)).toEqual(['needs a QR scan', 'nobody scanned it']);
    expect(alerts.open()).toHaveLength(1);
  });

  it('says that it is over, after how long, and may come again', async () => {
    const { clock, alerts, logged, notices } = alerting();
    alerts.alert(QR);
    alerts.alert(QR);
    await clock.moveTo(1_000_000 + 12 * 60_000);
    alerts.resolved(QR.key, 'works again');
    alerts.resolved(QR.key, 'works again');
    alerts.alert(QR);
    expect(logged.map((entry) => entry.message)).toEqual(['needs a QR scan', 'resolved after 12 min, raised 2 times: works again', 'needs a QR scan']);
    expect(notices.map((notice) => notice.kind)).toEqual(['alert', 'resolved', 'alert']);
  });

  it('is silent about the end of what nobody had heard of', () => {
    const { alerts, logged, notices } = alerting();
    alerts.resolved('session nobody');
    expect([logged, notices]).toEqual([[], []]);
  });

  it('is clean in every channel', () => {
    const { alerts, logged, notices } = alerting();
    alerts.alert({ key: 'k', message: 'lost a message of 5511900001234' });
    alerts.resolved('k', 'heard of 5511900001234');
    expect(JSON.stringify([logged, notices])).not.toContain('5511900001234');
  });

  it('keeps a bounded list', () => {
    const { alerts } = alerting();
    for (let i = 0; i < 1_200; i++) alerts.alert({ key: `k${i}`, message: 'x' });
    expect(alerts.open()).toHaveLength(1_000);
    expect(alerts.open()[0]!.key).toBe('k200');
  });
});

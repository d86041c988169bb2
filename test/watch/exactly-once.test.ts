import { describe, expect, it } from 'vitest';
import { frame } from './bytes.ts';
import { engine, entry, following, gateway, gets, range, receiver, settled, texts, watch } from './fake-watch.ts';
import { until } from './receiver.ts';

describe('each line arrives exactly once', () => {
  it('history first, then what is printed', async () => {
    gateway.print(...range(0, 10));
    await watch();
    await following();
    gateway.print(...range(10, 20));
    await settled(texts(0, 20));
  });

  it('when the connection breaks and more was printed meanwhile', async () => {
    gateway.print(...range(0, 10));
    await watch();
    await following();
    gateway.cut();
    gateway.print(...range(10, 30));
    await following();
    gateway.print(...range(30, 40));
    await settled(texts(0, 40));
  });

  it('when the connection breaks in the middle of a frame', async () => {
    await watch();
    await following();
    gateway.print(...range(0, 5));
    const half = frame(1, `${entry(5).stamp} ${entry(5).content}`).subarray(0, 25);
    gateway.send(half);
    gateway.log.push(entry(5));
    await gets(texts(0, 5));
    gateway.cut();
    await settled(texts(0, 6));
  });

  it('when the sidecar was away for 5,000 lines: oldest first', async () => {
    gateway.print(...range(0, 10));
    const first = await watch();
    await gets(texts(0, 10));
    await first.stop();
    gateway.print(...range(10, 5_010));
    await watch();
    await settled(texts(0, 5_010));
  });

  it('when a catch-up is cut half way again and again', async () => {
    gateway.print(...range(0, 10));
    const first = await watch();
    await gets(texts(0, 10));
    await first.stop();
    gateway.print(...range(10, 4_010));
    gateway.cutAfter = [1_500, 2_000, 2_000, 1_000, 2_000, 2_500];
    await watch();
    await settled(texts(0, 4_010));
  });

  it('and what is printed at once is handed on together, its cursor stored once', async () => {
    let deliveries = 0;
    await watch({ deliver: (delivery) => {
      deliveries += delivery.lines.length > 0 ? 1 : 0;
      receiver.deliver(delivery);
    } });
    await following();
    gateway.print(...range(0, 3_000));
    await settled(texts(0, 3_000));
    expect(deliveries).toBeLessThan(300);
  });

  it('when the receiver could not store them: the same lines come again', async () => {
    await watch();
    await following();
    gateway.print(...range(0, 3));
    await gets(texts(0, 3));
    receiver.refuse = 2;
    gateway.print(...range(3, 6));
    await settled(texts(0, 6));
    expect(receiver.told.filter((line) => line.includes('could not be stored'))).toHaveLength(1);
  });

  it('when the container stops and starts again', async () => {
    gateway.print(...range(0, 3));
    const watcher = await watch();
    await following();
    gateway.stop();
    engine.event('die', gateway);
    gateway.log.push(entry(3));
    await until('it is known to have stopped', () => watcher.containers()[0]!.state === 'exited');
    gateway.state = 'running';
    engine.event('start', gateway);
    await following();
    gateway.print(...range(4, 6));
    await settled(texts(0, 6));
  });

  it('when an engine is gone for a while', async () => {
    gateway.print(...range(0, 3));
    const watcher = await watch();
    await following();
    await engine.close();
    await until('it is seen', () => !watcher.health().engine.reachable, () => watcher.health());
    gateway.print(...range(3, 6));
    await engine.listen();
    await settled(texts(0, 6));
    await until('it is well again', () => watcher.health().ok, () => watcher.health());
    expect(receiver.told.filter((line) => line.startsWith('error: '))).toHaveLength(1);
    expect(receiver.told.filter((line) => line.includes('answers again'))).toHaveLength(1);
  });
});

describe('a container without a cursor', () => {
  it('is read back as far as asked, no further', async () => {
    const now = Date.now();
    const at = (ms: number) => `${new Date(now - ms).toISOString().slice(0, -1)}000000Z`;
    gateway.print(entry(0, { stamp: at(600_000) }), entry(1, { stamp: at(200_000) }), entry(2, { stamp: at(1_000) }));
    await watch({ sinceMs: 300_000 });
    await settled(['line 1', 'line 2']);
  });

  it('with a long history is read back as far as asked too', async () => {
    const now = Date.now();
    const at = (ms: number) => `${new Date(now - ms).toISOString().slice(0, -1)}000000Z`;
    gateway.print(...range(0, 100).map((e) => ({ ...e, stamp: at(600_000) })), ...range(100, 3_100).map((e) => ({ ...e, stamp: at(200_000) })));
    await watch({ sinceMs: 300_000 });
    await settled(texts(100, 3_100));
  });

  it('with a damaged cursor is read like one never seen', async () => {
    gateway.print(...range(0, 3));
    receiver.cursors.set(gateway.id, '{"v":2,"last":"yesterday"');
    await watch();
    await settled(texts(0, 3));
  });
});

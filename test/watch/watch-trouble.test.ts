import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { frame } from './bytes.ts';
import { engine, entry, following, gateway, range, receiver, settled, texts, watch } from './fake-watch.ts';
import { until } from './receiver.ts';

/** An id that owns nothing here. */
const NOBODY = 65_534;

describe('what cannot be read is said once, shown, and heals', () => {
  it('a log driver that keeps nothing', async () => {
    gateway.refuse = { status: 501, message: 'configured logging driver does not support reading' };
    const watcher = await watch();
    await until('it is said', () => receiver.told.some((line) => line.includes('json-file or local')), () => receiver.told);
    expect(watcher.health()).toMatchObject({ ok: false, containers: [{ state: 'unreadable' }] });
    gateway.refuse = null;
    gateway.print(...range(0, 2));
    engine.event('start', gateway);
    await settled(texts(0, 2));
    expect(watcher.health().ok).toBe(true);
  });

  it('a name that does not exist yet', async () => {
    engine.containers = [];
    const watcher = await watch();
    expect(watcher.health()).toMatchObject({ ok: true, absent: ['wppconnect-server'] });
    await until('more looks were taken', () => engine.requests.filter((r) => r === 'GET /containers/json').length > 3);
    expect(receiver.told.filter((line) => line.includes('there is no container'))).toHaveLength(1);
    gateway.print(...range(0, 2));
    engine.containers = [gateway];
    engine.event('start', gateway);
    await settled(texts(0, 2));
    expect(watcher.health().absent).toEqual([]);
  });

  it('a proxy that forbids reading logs', async () => {
    gateway.refuse = { status: 403, message: 'Forbidden' };
    const watcher = await watch();
    await until('it is said', () => receiver.told.some((line) => line.includes('socket proxy refuses')), () => receiver.told);
    expect(watcher.health().containers[0]!.problem).toContain('containers/*/logs');
    gateway.refuse = null;
    gateway.print(entry(0));
    await settled(['line 0']);
    await until('it is well again', () => watcher.health().ok, () => watcher.health());
  });

  it('a proxy that forbids reading logs while it allows the list: once, and no word of an engine that answers again', async () => {
    gateway.refuse = { status: 403, message: 'Forbidden' };
    const watcher = await watch();
    await until('it was refused again and again beside lists that succeed', () => gateway.opened > 5 && engine.requests.filter((r) => r === 'GET /containers/json').length > 4, () => receiver.told);
    expect(receiver.told.filter((line) => line.includes('socket proxy refuses'))).toHaveLength(1);
    expect(receiver.told.join()).not.toContain('answers again');
    expect(watcher.health().ok).toBe(false);
  });

  it('a proxy that forbids events: once, and the containers are found all the same', async () => {
    engine.refuseEvents = true;
    const watcher = await watch();
    await until('it was refused again and again beside lists that succeed', () => engine.requests.filter((r) => r === 'GET /events').length > 5 && engine.requests.filter((r) => r === 'GET /containers/json').length > 4, () => receiver.told);
    gateway.print(entry(0));
    await settled(['line 0']);
    expect(receiver.told.filter((line) => /GET .*events|answers again/.test(line))).toEqual([expect.stringMatching(/^warn: .*half a minute/)]);
    expect(watcher.health()).toMatchObject({ ok: true, engine: { reachable: true } });
    engine.refuseEvents = false;
    await until('it is heard again', () => receiver.told.some((line) => line.includes('events are heard again')), () => receiver.told, 15_000);
  });

  it('an engine that accepts and never answers', async () => {
    engine.frozen = true;
    gateway.print(entry(0));
    const watcher = await watch({ callDeadlineMs: 200 });
    await until('it is said', () => receiver.told.some((line) => line.includes('did not answer')), () => receiver.told);
    expect(watcher.health().engine.reachable).toBe(false);
    engine.frozen = false;
    await settled(['line 0']);
  });

  it('a socket without permission', async () => {
    chmodSync(engine.socketPath, 0);
    // Root may open any socket: it looks as nobody for a while.
    const root = process.geteuid!() === 0;
    if (root) process.seteuid!(NOBODY);
    try {
      await watch();
      expect(receiver.told.join()).toContain('group_add');
    } finally {
      if (root) process.seteuid!(0);
    }
    chmodSync(engine.socketPath, 0o600);
    gateway.print(entry(0));
    await settled(['line 0']);
  });

  it('an engine that complains in the log itself (type-3 frame)', async () => {
    await watch();
    await following();
    gateway.print(entry(0));
    gateway.send(frame(3, 'Error grabbing logs: unexpected EOF\n'));
    gateway.send(frame(3, 'Error grabbing logs: unexpected EOF\n'));
    gateway.print(entry(1));
    await settled(['line 0', 'line 1']);
    expect(receiver.told.filter((line) => line.includes('Error grabbing logs'))).toHaveLength(1);
  });
});

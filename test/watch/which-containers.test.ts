import { describe, expect, it } from 'vitest';
import { engine, entry, following, gateway, gets, range, receiver, settled, texts, watch } from './fake-watch.ts';
import { until } from './receiver.ts';

describe('which containers there are', () => {
  it('is told to decide: started, stopped on purpose, being replaced', async () => {
    const watcher = await watch();
    await following();
    expect(watcher.containers()).toMatchObject([{ name: 'wppconnect-server', state: 'running', running: true, stoppedOnPurpose: false, startedAt: Date.parse('2026-03-01T00:00:00Z') }]);
    const successor = engine.add('b2', 'a1_wppconnect-server');
    successor.labels = { 'com.docker.compose.service': 'wppconnect-server', 'com.docker.compose.oneoff': 'False', 'com.docker.compose.replace': gateway.id };
    engine.event('create', successor);
    await until('it is being replaced', () => watcher.containers().some((c) => c.id === gateway.id && c.beingReplaced));
    gateway.stop();
    engine.event('die', gateway);
    engine.event('stop', gateway);
    await until('it has stopped', () => watcher.containers().some((c) => c.id === gateway.id && c.stoppedOnPurpose && !c.running), () => watcher.containers());
  });

  it('changes by a recreate: the old log is read to its end, the new one from its start, under one name', async () => {
    gateway.labels = { 'com.docker.compose.service': 'wppconnect-server', 'com.docker.compose.oneoff': 'False' };
    gateway.print(...range(0, 3));
    await watch();
    await gets(texts(0, 3));
    const successor = engine.add('b2', 'stack_wppconnect-server_1');
    successor.labels = gateway.labels;
    successor.print(...range(3, 6));
    gateway.stop();
    engine.containers = [successor];
    engine.event('destroy', gateway);
    engine.event('start', successor);
    await settled(texts(0, 6));
    expect(new Set(receiver.lines.map((line) => line.container))).toEqual(new Set(['wppconnect-server']));
    await until('the old cursor is dropped', () => !receiver.cursors.has(gateway.id), () => [...receiver.cursors.keys()]);
  });

  it('that is being removed is no fault of anybody, and is told as removed', async () => {
    const watcher = await watch();
    await following();
    gateway.print(entry(0));
    await gets(['line 0']);
    gateway.refuse = { status: 409, message: 'can not get logs from container which is dead or marked for removal' };
    gateway.stop();
    engine.event('die', gateway);
    const tried = gateway.opened;
    await until('its log was asked for in vain for a while', () => gateway.opened > tried + 5 && watcher.health().containers[0]!.state === 'being removed', () => [gateway.opened, receiver.told]);
    expect(watcher.health()).toMatchObject({ ok: true, engine: { reachable: true }, containers: [{ state: 'being removed', problem: null }] });
    engine.containers = [];
    engine.event('destroy', gateway);
    await until('it is told as removed', () => receiver.told.some((told) => told.includes('was removed; its log is read to the end')), () => receiver.told);
    expect(receiver.told.filter((told) => /409|conflict|answers again|cannot be read|^error/.test(told))).toEqual([]);
  });

  it('needs nothing but events, list, inspect and logs', async () => {
    gateway.print(entry(0));
    await watch();
    await gets(['line 0']);
    const kinds = new Set(engine.requests.map((request) => request.replace(gateway.id, '{id}')));
    expect([...kinds].sort()).toEqual(['GET /containers/json', 'GET /containers/{id}/json', 'GET /containers/{id}/logs', 'GET /events']);
  });
});

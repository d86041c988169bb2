import { chmodSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Watcher } from '../../sidecar/watch/watcher.ts';
import { frame, stamp } from './bytes.ts';
import { type FakeContainer, FakeEngine, type FakeEntry } from './fake-engine.ts';
import { Receiver, until } from './receiver.ts';

const SECOND = 1_000_000_000;
const entry = (n: number, options: Partial<FakeEntry> & { at?: number } = {}): FakeEntry => ({ stream: 1, stamp: stamp(options.at ?? n * 1_000_000), content: `line ${n}\n`, ...options });
const range = (from: number, to: number): FakeEntry[] => Array.from({ length: to - from }, (_, i) => entry(from + i));
const texts = (from: number, to: number): string[] => range(from, to).map((e) => e.content.trimEnd());

let engine: FakeEngine;
let gateway: FakeContainer;
let receiver: Receiver;
let watchers: Watcher[];

beforeEach(async () => {
  engine = new FakeEngine();
  gateway = engine.add('a1', 'wppconnect-server');
  receiver = new Receiver();
  watchers = [];
  await engine.listen();
});

afterEach(async () => {
  await Promise.all(watchers.map((watcher) => watcher.stop()));
  await engine.dispose();
});

async function watch(options: Parameters<Receiver['watcher']>[2] = {}, names = ['wppconnect-server']): Promise<Watcher> {
  const watcher = receiver.watcher(engine.docker, names, options);
  watchers.push(watcher);
  await watcher.start();
  return watcher;
}

const following = () => until('the log is followed', () => gateway.followers.length > 0, () => receiver.told);
const gets = (expected: string[]) => until(`${expected.length} lines`, () => receiver.lines.length >= expected.length, () => [receiver.texts().slice(-5), receiver.lines.length, receiver.told]);
async function settled(expected: string[]): Promise<void> {
  await gets(expected);
  expect(receiver.texts()).toEqual(expected);
}

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

  it('when several lines carry the same nanosecond', async () => {
    const same = [entry(0, { at: 5 }), entry(1, { at: 5 }), entry(1, { at: 5 }), entry(2, { at: 5, stream: 2 })];
    gateway.print(...same);
    const first = await watch();
    await gets(['', '', '', '']);
    await first.stop();
    await watch();
    await following();
    gateway.print(entry(3));
    await settled(['line 0', 'line 1', 'line 1', 'line 2', 'line 3']);
  });

  it('when the same text is printed twice in one nanosecond while following', async () => {
    await watch();
    await following();
    gateway.print(entry(1, { at: 5 }), entry(1, { at: 5 }), entry(2));
    await gets(['', '', '']);
    expect(receiver.texts().sort()).toEqual(['line 1', 'line 1', 'line 2']);
  });

  it('when the engine sends entries again after a rotation, old ones too', async () => {
    const log = range(0, 50).map((e, i) => ({ ...e, stamp: stamp(i * SECOND) }));
    gateway.print(...log.slice(0, 40));
    await watch();
    await following();
    gateway.sendAgain(...log.slice(0, 40));
    gateway.print(...log.slice(40));
    gateway.sendAgain(log.at(-1)!);
    await settled(texts(0, 50));
  });

  it('when stdout and stderr arrive out of order by microseconds, over a restart of the sidecar', async () => {
    const log = range(0, 100).map((e, i) => ({ ...e, stream: (i % 2 ? 2 : 1) as 1 | 2, stamp: stamp(1_000_000 + i * 1_000 - (i % 2) * 5_000) }));
    gateway.print(...log.slice(0, 51));
    const first = await watch();
    await gets(texts(0, 51));
    await first.stop();
    gateway.print(...log.slice(51));
    await watch();
    await settled(texts(0, 100));
  });

  it('when the stream passes over lines (a rotation behind the reader): an audit finds them', async () => {
    const watcher = await watch();
    await following();
    gateway.print(...range(0, 5));
    gateway.deaf = true;
    gateway.print(...range(5, 10));
    gateway.deaf = false;
    gateway.print(...range(10, 15));
    await gets(texts(0, 15));
    expect(receiver.texts().sort()).toEqual(texts(0, 15).sort());
    expect(watcher.health().containers[0]!.recovered).toBe(5);
  });

  it('when the stream passes over more than an audit looks at, and is cut before one', async () => {
    await watch({ auditEveryMs: 60_000 });
    await following();
    gateway.print(...range(0, 50));
    await gets(texts(0, 50));
    gateway.deaf = true;
    gateway.print(...range(50, 6_000));
    gateway.deaf = false;
    gateway.print(...range(6_000, 6_100));
    await gets(texts(0, 150));
    gateway.cut();
    await gets(texts(0, 6_100));
    expect(receiver.texts().sort()).toEqual(texts(0, 6_100).sort());
  });

  it('when the stream passes over more than an audit looks at: it begins inside the gap and sees it', async () => {
    await watch();
    await following();
    gateway.print(...range(0, 50));
    gateway.deaf = true;
    gateway.print(...range(50, 6_000));
    gateway.deaf = false;
    gateway.print(...range(6_000, 6_100));
    await gets(texts(0, 6_100));
    expect(receiver.texts().sort()).toEqual(texts(0, 6_100).sort());
  });

  it('when the stream stays open and says nothing any more (logrotate copytruncate, a frozen proxy)', async () => {
    await watch();
    await following();
    gateway.print(...range(0, 5));
    gateway.deaf = true;
    gateway.print(...range(5, 10));
    await settled(texts(0, 10));
    gateway.deaf = false;
    await following();
    gateway.print(...range(10, 12));
    await settled(texts(0, 12));
  });

  it('when the log was truncated from outside', async () => {
    gateway.print(...range(0, 20));
    await watch();
    await following();
    gateway.log = [];
    gateway.deaf = true;
    gateway.print(...range(20, 25));
    await settled(texts(0, 25));
  });

  it('when the clock was set back by an hour while following', async () => {
    const hour = 3_600 * SECOND;
    gateway.print(...range(0, 10).map((e, i) => ({ ...e, stamp: stamp(hour + i) })));
    await watch();
    await following();
    gateway.print(...range(10, 20).map((e, i) => ({ ...e, stamp: stamp(i) })));
    await settled(texts(0, 20));
    gateway.cut();
    gateway.print(...range(20, 30).map((e, i) => ({ ...e, stamp: stamp(SECOND + i) })));
    await settled(texts(0, 30));
  });

  it('when the clock was set back while the sidecar was away, and very much was printed since', async () => {
    const hour = 3_600 * SECOND;
    gateway.print(...range(0, 10).map((e, i) => ({ ...e, stamp: stamp(hour + i) })));
    const first = await watch();
    await gets(texts(0, 10));
    await first.stop();
    gateway.print(...range(10, 3_010).map((e, i) => ({ ...e, stamp: stamp(i) })));
    await watch();
    await settled(texts(0, 3_010));
  });

  it('when the sidecar stops in the middle of a line of many parts', async () => {
    const part = 'p'.repeat(16_384);
    gateway.print(entry(0), { stream: 1, stamp: stamp(9), content: part }, entry(1, { stream: 2, at: 10 }));
    const first = await watch();
    await gets(['', '']);
    expect(receiver.texts()).toEqual(['line 0', 'line 1']);
    await first.stop();
    gateway.print({ stream: 1, stamp: stamp(9), content: part }, { stream: 1, stamp: stamp(9), content: 'end\n' }, entry(2));
    await watch();
    await settled(['line 0', 'line 1', `${part}${part}end`, 'line 2']);
  });

  it('when the connection breaks in the middle of a line of many equal parts', async () => {
    const part = { stream: 1 as const, stamp: stamp(9), content: 'p'.repeat(16_384) };
    await watch();
    await following();
    gateway.print(part, part, part);
    gateway.cut();
    gateway.print(part, { ...part, content: 'end\n' }, entry(20));
    await gets(['', '']);
    expect(receiver.lines.map((line) => [line.text.length, line.skippedBytes])).toEqual([[4 * 16_384 + 3, 0], [7, 0]]);
  });

  it('when the engine sends a part of a line again (20.10, a rotation within the line)', async () => {
    const part = { stream: 1 as const, stamp: stamp(9), content: 'p'.repeat(16_384) };
    await watch();
    await following();
    gateway.print(part, part);
    gateway.sendAgain(part);
    gateway.print(part, { ...part, content: 'end\n' }, entry(20));
    await gets(['', '']);
    expect(receiver.lines.map((line) => line.text.length)).toEqual([3 * 16_384 + 3, 7]);
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
    receiver.cursors.set(gateway.id, '{"v":1,"last":"yesterday"');
    await watch();
    await settled(texts(0, 3));
  });
});

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

  it.skipIf(process.getuid?.() === 0)('a socket without permission', async () => {
    chmodSync(engine.socketPath, 0);
    await watch();
    expect(receiver.told.join()).toContain('group_add');
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
    await until('its log was asked for in vain for a while', () => gateway.opened > tried + 5, () => [gateway.opened, receiver.told]);
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

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Dockerode from 'dockerode';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Watcher } from '../../sidecar/watch/watcher.ts';
import { stamp } from './bytes.ts';
import { type FakeContainer, FakeEngine, type FakeEntry } from './fake-engine.ts';
import { IdleProxy } from './idle-proxy.ts';
import { Receiver, until } from './receiver.ts';

/** Stands for the 10 minutes of such proxies. */
const IDLE_MS = 100;
/** More would make each wait for the next stream longer than a line may stay open: these live too short to be taken for good ones. */
const QUIET_SPELLS = 5;

let engine: FakeEngine;
let gateway: FakeContainer;
let proxy: IdleProxy;
let folder: string;
let receiver: Receiver;
let watcher: Watcher;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'idle-proxy-'));
  engine = new FakeEngine();
  gateway = engine.add('a1', 'wppconnect-server');
  await engine.listen();
  proxy = new IdleProxy(join(folder, 'proxy.sock'), engine.socketPath, IDLE_MS);
  await proxy.listen();
  receiver = new Receiver();
  // Audits as rare as in life: the stream itself has to do it.
  watcher = receiver.watcher(new Dockerode({ socketPath: proxy.socketPath }), ['wppconnect-server', 'late'], { auditEveryMs: 60_000, reconcileEveryMs: 60_000 });
  await watcher.start();
});

afterEach(async () => {
  await watcher.stop();
  await proxy.close();
  await engine.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const line = (n: number, content = `line ${n}\n`): FakeEntry => ({ stream: 1, stamp: stamp(n * 1_000_000), content });
const quiet = async (): Promise<void> => {
  const before = proxy.cuts;
  await until('the quiet streams to be cut', () => proxy.cuts >= before + 2, () => proxy.cuts);
};
const got = (lines: number) => until(`${lines} lines`, () => receiver.lines.length >= lines, () => receiver.told);

it('a proxy that cuts quiet streams costs no line, doubles none and alarms nobody', async () => {
  const part = 'p'.repeat(16_384);
  const said: string[] = [];
  for (let spell = 0; spell < QUIET_SPELLS; spell++) {
    // Before, during and after the stream is away; the last one in two parts with the quiet in between.
    const n = spell * 10;
    gateway.print(line(n), line(n + 1), line(n + 2, part));
    await quiet();
    gateway.print(line(n + 2, 'end\n'), line(n + 3));
    said.push(`line ${n}`, `line ${n + 1}`, `${part}end`, `line ${n + 3}`);
    await got(said.length);
  }
  await quiet();
  expect(receiver.texts()).toEqual(said);
  const { containers: [health], ok } = watcher.health();
  expect({ ok, reconnects: health!.reconnects > QUIET_SPELLS / 2 }).toEqual({ ok: true, reconnects: true });
  expect(receiver.told.filter((told) => /^(error|warn): (?!late: )|answers again/.test(told))).toEqual([]);
});

it('a container that appears after the event stream was cut is seen at once all the same', async () => {
  await quiet();
  await quiet();
  const late = engine.add('b2', 'late');
  late.print(line(1));
  engine.event('start', late);
  await got(1);
  expect(receiver.texts()).toEqual(['line 1']);
});

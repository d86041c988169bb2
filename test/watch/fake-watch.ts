import { afterEach, beforeEach, expect } from 'vitest';
import type { Watcher } from '../../sidecar/watch/watcher.ts';
import { stamp } from './bytes.ts';
import { type FakeContainer, FakeEngine, type FakeEntry } from './fake-engine.ts';
import { Receiver, until } from './receiver.ts';

/** A fake engine with one container, and watchers of it, new for each test. Import it and the hooks are set. */
export let engine: FakeEngine;
export let gateway: FakeContainer;
export let receiver: Receiver;
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

export async function watch(options: Parameters<Receiver['watcher']>[2] = {}, names = ['wppconnect-server']): Promise<Watcher> {
  const watcher = receiver.watcher(engine.docker, names, options);
  watchers.push(watcher);
  await watcher.start();
  return watcher;
}

export const following = () => until('the log is followed', () => gateway.followers.length > 0, () => receiver.told);
export const gets = (expected: string[]) => until(`${expected.length} lines`, () => receiver.lines.length >= expected.length, () => [receiver.texts().slice(-5), receiver.lines.length, receiver.told]);
export async function settled(expected: string[]): Promise<void> {
  await gets(expected);
  expect(receiver.texts()).toEqual(expected);
}

export const SECOND = 1_000_000_000;
export const entry = (n: number, options: Partial<FakeEntry> & { at?: number } = {}): FakeEntry => ({ stream: 1, stamp: stamp(options.at ?? n * 1_000_000), content: `line ${n}\n`, ...options });
export const range = (from: number, to: number): FakeEntry[] => Array.from({ length: to - from }, (_, i) => entry(from + i));
export const texts = (from: number, to: number): string[] => range(from, to).map((e) => e.content.trimEnd());

import { symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as passes } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FakeGateway } from './fixtures/fake-gateway.ts';
import { LockHands, planOf, World } from './fixtures/world.ts';

let world: World;
beforeEach(async () => {
  world = new World();
  await world.build(null);
});
afterEach(() => world.remove());

/** As real ones are: a close goes on after its caller hung up, and a start does nothing while the session still runs. */
function unhurried(gateway: FakeGateway, closeMs: number, asked: () => void): FakeGateway {
  const close = gateway.close.bind(gateway);
  const start = gateway.start.bind(gateway);
  gateway.close = async (name: string, signal?: AbortSignal) => {
    const closed = passes(closeMs).then(() => close(name));
    const hungUp = new Promise<never>((_, reject) => void signal?.addEventListener('abort', () => reject(signal.reason as Error)));
    asked();
    await Promise.race([closed, hungUp]);
  };
  gateway.start = async (name) => (gateway.running(name) ? void gateway.calls.push(`start of the running ${name}`) : start(name));
  return gateway;
}

test('told to stop while the gateway is still closing: it is started when it is closed, and stays started', async () => {
  let stopped: Promise<void> | undefined;
  const gateway = unhurried(world.gateway('baileys'), 60, () => (stopped = repairer.finishSoon(5_000)));
  const repairer = world.repairer();
  const outcome = await repairer.run(planOf('31', 'repair'), world.target('31', null, gateway));
  await stopped;
  await passes(100); // a close that is still under way would take it down now
  expect(outcome).toMatchObject({ result: 'rolled-back', detail: expect.stringMatching(/stopping and nothing was deleted.*started again/) });
  expect(gateway.running('31')).toBe(true);
});

test('told to stop while its browser is still ending: it is started when the browser is gone', async () => {
  const hands = new LockHands(world.profiles);
  hands.extra.push({ pid: 77, args: ['chrome', `--user-data-dir=${world.profiles}/Shop Nord`] });
  const gateway = world.gateway('chromium');
  let stopped: Promise<void> | undefined;
  const lock = join(world.profiles, 'Shop Nord/SingletonLock');
  const close = gateway.close.bind(gateway);
  gateway.close = async (name) => {
    await close(name);
    symlinkSync('gateway-77', lock);
    setTimeout(() => {
      unlinkSync(lock);
      hands.extra.length = 0;
    }, 60);
    stopped = repairer.finishSoon(5_000);
  };
  const start = gateway.start.bind(gateway);
  gateway.start = async (name) => {
    gateway.calls.push(hands.extra.length > 0 ? 'start beside the old browser' : 'start after it');
    return start(name);
  };
  const repairer = world.repairer({ hands });
  const outcome = await repairer.run(planOf('Shop Nord', 'restart'), world.target('Shop Nord', null, gateway));
  await stopped;
  expect(outcome.result).toBe('rolled-back');
  expect(gateway.calls).toContain('start after it');
  expect(gateway.calls).not.toContain('start beside the old browser');
  expect(gateway.running('Shop Nord')).toBe(true);
});

import { chmodSync, chownSync, utimesSync } from 'node:fs';
import { expect } from 'vitest';
import { until } from '../lab/control.ts';
import type { Lab } from '../lab/lab.ts';
import type { TreeSnapshot } from '../lab/snapshot.ts';
import type { SidecarProcess } from './sidecar-process.ts';

/** A repair on a busy machine. */
const A_WHILE_MS = 60_000;

export const connected = (lab: Lab, session: string): Promise<unknown> =>
  until(`${session} connected`, async () => (await lab.wpp.session(session)).status === 'CONNECTED', A_WHILE_MS);

export const opened = (lab: Lab, id: string): Promise<unknown> =>
  until(`${id} opened`, async () => (await lab.backend.session(id)).status === 'OPENED', A_WHILE_MS);

/** One cause is one hit: two of the same kind need this much between them. */
export const APART_MS = 2_100;

/** Makes a file unlike any that a program would write, so that a restore has more than bytes to bring back. */
export function makeOdd(path: string): void {
  chownSync(path, 1234, 4321);
  chmodSync(path, 0o640);
  utimesSync(path, 1_700_000_000.123, 1_700_000_000.456);
}

/** Long enough to look at a session between its data coming back and its start; nothing waits for it but the start itself. */
const HELD_START_MS = 6_000;

/** Runs a restore and hands out what `look` sees after everything was put back and before the session is started on it. */
export async function restoreAndLook<T>(sidecar: SidecarProcess, gateway: Lab['wpp'], startRoute: string, backup: string, look: () => T | Promise<T>) {
  const mark = sidecar.mark();
  await gateway.breakGateway({ kind: 'slow', ms: HELD_START_MS, only: startRoute });
  const running = sidecar.command(['restore', backup, '--yes', '--json']);
  await sidecar.says(': put back ', mark);
  const seen = await look();
  const ran = await running;
  await gateway.breakGateway({ kind: 'none' });
  return { seen, ran, said: sidecar.log(mark) };
}

/** Node hands times to the system as doubles, which hold today's to about a quarter of a microsecond. */
const TIMES_DIFFER_NS = 1_000n;
const timeIn = (entry: string): bigint => BigInt(/\d{19}/.exec(entry)?.[0] ?? 0);

/** Both trees entry by entry: type, mode, owner, content, link target, and times as far as Node can set them. */
export function expectSameTree(seen: TreeSnapshot, wanted: TreeSnapshot): void {
  const timeless = (tree: TreeSnapshot) => Object.fromEntries(Object.entries(tree).map(([path, entry]) => [path, entry.replace(/\d{19}/, 'time')]));
  expect(timeless(seen)).toEqual(timeless(wanted));
  const off = Object.keys(wanted).filter((path) => {
    const apart = timeIn(seen[path]!) - timeIn(wanted[path]!);
    return apart > TIMES_DIFFER_NS || apart < -TIMES_DIFFER_NS;
  });
  expect(off, 'entries with another time').toEqual([]);
}

/** A profile without what a browser leaves behind and no backup holds: locks and caches. */
export const withoutDisposable = (tree: TreeSnapshot): TreeSnapshot =>
  Object.fromEntries(Object.entries(tree).filter(([path]) => !/^Singleton|(^|\/)(\w* ?Cache|\w+Cache|Crashpad)(\/|$)|CacheStorage/.test(path)));

/** As an operator closes a session of wppconnect-server, through its own route. */
export async function closeByHand(lab: Lab, session: string): Promise<void> {
  const api = `${lab.url('wppconnect-server')}/api/${encodeURIComponent(session)}`;
  const { token } = (await (await fetch(`${api}/${lab.secrets.wpp}/generate-token`, { method: 'POST' })).json()) as { token: string };
  await fetch(`${api}/close-session`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
}

import type { Clock } from '../clock.ts';
import type { Target } from '../fleet/fleet.ts';
import { GatewayError } from '../gateways/gateway.ts';
import type { LiveLock } from '../stores/store.ts';
import type { ContainerHands, ContainerProcess } from './container-hands.ts';
import { Halt, isDeaf, sayWhy } from './faults.ts';

export interface ClosingTimings {
  /** How long a browser may take to end after `close`, ms. */
  closeDeadlineMs: number;
  /** Between two looks, ms. */
  pollMs: number;
}

/** What is still there of a closed session. `pids: null`: the process list cannot be had. */
export interface Traces {
  locks: LiveLock[];
  pids: number[] | null;
  /** The pids are the host's: they can be seen from here and not ended. */
  onHost?: boolean;
  /** Why the process list cannot be had. */
  why: string;
}

const dirsOf = (target: Target): string[] => target.stores.flatMap(({ store, name }) => store.browserDirs?.(name) ?? []);

/** Exactly the browser of these profile folders: the whole argument is compared, never a part of it. */
export function browserOf(processes: readonly ContainerProcess[], dirs: readonly string[]): ContainerProcess[] {
  const wanted = new Set(dirs.map((dir) => `--user-data-dir=${dir}`));
  return processes.filter(({ args }) => args.some((arg) => wanted.has(arg.replace(/\/+$/, ''))));
}

export async function tracesOf(target: Target, hands: ContainerHands | null): Promise<Traces> {
  const locks = (await Promise.all(target.stores.map(({ store, name }) => store.locks?.(name) ?? []))).flat();
  if (dirsOf(target).length === 0) return { locks, pids: [], why: '' };
  if (!hands || target.container === null) return { locks, pids: null, why: hands ? 'its container is not known' : 'there is no Docker access' };
  try {
    const browsers = browserOf(await hands.processes(target.container), dirsOf(target));
    return { locks, pids: browsers.map(({ pid }) => pid), onHost: browsers.some(({ onHost }) => onHost), why: '' };
  } catch (error) {
    return { locks, pids: null, why: sayWhy(error) };
  }
}

/** No process holds the files: the process list says so, or, where there is none, the locks are gone. */
export const isGone = (traces: Traces): boolean => (traces.pids === null ? traces.locks.length === 0 : traces.pids.length === 0);

/**
 * Asks the gateway to close the session and waits until its browser is gone, or the deadline passes: what is left
 * then is the next step's. Rejects with a Halt when the gateway cannot be asked at all.
 */
export async function closeAndWatch(target: Target, hands: ContainerHands | null, clock: Clock, timings: ClosingTimings, signal: AbortSignal): Promise<Traces & { said: string }> {
  const gateway = target.gateway!;
  let said = 'closed';
  try {
    await gateway.api.close(gateway.name, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (isDeaf(error)) throw new Halt('refused', `${sayWhy(error)}; nothing was deleted`, { code: 'gateway-unreachable', cause: error });
    // A frozen page answers no close; whether the browser is gone is seen below, not believed.
    if (!(error instanceof GatewayError)) throw error;
    // Ended by force, a session that works would be dead: a start does nothing on what its gateway still calls connected.
    if ((await gateway.api.probe(gateway.name, signal)).probe === 'healthy') throw new Halt('failed', `${sayWhy(error)}; it works, so it is left as it is; nothing was deleted`, { cause: error });
    said = `close answered: ${error.message}`;
  }
  const deadline = clock.now() + timings.closeDeadlineMs;
  for (;;) {
    const traces = await tracesOf(target, hands);
    if ((isGone(traces) && traces.locks.length === 0) || clock.now() >= deadline) return { ...traces, said };
    // Locks of a browser that runs nowhere are stale: they will not go by themselves.
    if (traces.pids?.length === 0) return { ...traces, said };
    await clock.sleep(timings.pollMs, signal);
  }
}

/**
 * Makes sure that no process works on the session's files: ends a browser that outlived it, and asks the gateway
 * where there is no browser to look for. Rejects with a Halt that says what to do by hand.
 */
export async function makeSureGone(target: Target, hands: ContainerHands | null, clock: Clock, timings: ClosingTimings, signal: AbortSignal): Promise<{ ended: number[]; stale: number }> {
  const ended = new Set<number>();
  const deadline = clock.now() + timings.closeDeadlineMs;
  for (;;) {
    const traces = await tracesOf(target, hands);
    if (isGone(traces)) {
      if (dirsOf(target).length === 0) await assertClosed(target, clock, deadline, timings.pollMs, signal);
      return { ended: [...ended], stale: traces.locks.length };
    }
    if (traces.pids === null) {
      throw new Halt('failed', `the browser lock of ${target.session} (${traces.locks[0]!.target}) is still there and the process list cannot be read (${traces.why}), so it may still run; nothing was deleted; end that browser or restart ${target.container ?? 'its container'} by hand`);
    }
    if (traces.onHost) throw new Halt('failed', `the browser of ${target.session} outlived its session and exec, which could end it, is not allowed in ${target.container!}; nothing was deleted; run on the host: kill ${traces.pids.join(' ')}, or restart that container`);
    if (clock.now() >= deadline) throw new Halt('failed', `the browser of ${target.session} (process ${traces.pids.join(', ')}) does not end; nothing was deleted; restart ${target.container!} by hand`);
    for (const pid of traces.pids) {
      await hands!.end(target.container!, pid, ended.has(pid) ? 'KILL' : 'TERM').catch((cause) => {
        throw new Halt('failed', `the browser of ${target.session} (process ${pid}) outlived its session and may not be ended from here (${sayWhy(cause)}); nothing was deleted; run: docker exec ${target.container!} kill ${pid}, or restart that container`, { cause });
      });
      ended.add(pid);
    }
    await clock.sleep(timings.pollMs, signal);
  }
}

/** Where no browser shows it, the gateway itself must no longer call the session running. */
async function assertClosed(target: Target, clock: Clock, deadline: number, pollMs: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    const running = await whyRunning(target, signal);
    if (running === null) return;
    if (clock.now() >= deadline) throw new Halt('failed', `${target.session} is not closed: ${running}; nothing was deleted; close it in the gateway, then try again`);
    await clock.sleep(pollMs, signal);
  }
}

/** In words why the session must be taken as running; null when it is closed. */
export async function whyRunning(target: Target, signal: AbortSignal): Promise<string | null> {
  const { probe, saw } = await target.gateway!.api.probe(target.gateway!.name, signal);
  return probe === 'healthy' || probe === 'zombie' || probe === 'starting' || probe === 'unknown' ? `${probe} (${saw})` : null;
}

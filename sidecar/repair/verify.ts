import type { Clock } from '../clock.ts';
import type { Target } from '../fleet/fleet.ts';
import { shellWord } from '../report/shell-word.ts';
import { Halt } from './faults.ts';

export interface Evidence {
  /** Clock ms of the session's last sign of life in the streams; null when none was seen. */
  lastActivity(session: string): number | null;
  /** A line at or after `sinceMs` (clock) says the session started. */
  startedSince(session: string, sinceMs: number): boolean;
  /** Corruption hits with an event time after `sinceMs` (clock). */
  corruptionSince(session: string, sinceMs: number): number;
}

/** A peer's first message after a repair fails once and is sent again; every message failing means nothing was mended. */
const FIRST_FAILURES = 2;

export interface VerifyTimings {
  /** A fresh start is left alone that long unless its log says `Started Session` (asking right away unpaired one: wppconnect issue 1170). */
  verifyAfterMs: number;
  /** After that wait: how long until it must be healthy. */
  verifyDeadlineMs: number;
  /** It must still be healthy after that long. */
  settleMs: number;
  /** Between two looks at the gateway. */
  lookEveryMs: number;
  /** Between two looks at our own evidence, which cost nothing. */
  pollMs: number;
}

export interface Proof {
  result: 'fixed' | 'needs-qr';
  detail: string;
  /** First healthy look, clock ms; null with `needs-qr`. */
  healthyAt: number | null;
}

/** Waits for proof that the session works, or that only a human can go on. Rejects with a Halt when neither comes. */
export async function verify(target: Target, startedAt: number, evidence: Evidence, clock: Clock, timings: VerifyTimings, signal: AbortSignal): Promise<Proof> {
  const said = await waitForStart(target.session, startedAt, evidence, clock, timings, signal);
  const deadline = clock.now() + timings.verifyDeadlineMs;
  for (;;) {
    const first = await look(target, signal);
    if (first.probe === 'qr') return { result: 'needs-qr', healthyAt: null, detail: `started, and needs a QR scan (${first.saw}); it is left in peace until it connects: auto-fix qr ${shellWord(target.session)}` };
    if (first.probe === 'healthy') {
      const healthyAt = clock.now();
      await clock.sleep(timings.settleMs, signal);
      const second = await look(target, signal);
      const stillCorrupt = evidence.corruptionSince(target.session, startedAt);
      if (stillCorrupt > FIRST_FAILURES) throw new Halt('failed', `${target.session} was started and says it is well (${second.saw}), but ${stillCorrupt} messages could not be decrypted since`);
      if (second.probe === 'healthy') return { result: 'fixed', healthyAt, detail: `${first.saw}${said ? ', its log says it started' : ''}, still healthy after ${seconds(timings.settleMs)}` };
    }
    if (clock.now() >= deadline) throw new Halt('failed', `${target.session} was started but is ${first.probe} (${first.saw}) ${seconds(clock.now() - startedAt)} later`);
    await clock.sleep(timings.lookEveryMs, signal);
  }
}

async function waitForStart(session: string, startedAt: number, evidence: Evidence, clock: Clock, timings: VerifyTimings, signal: AbortSignal): Promise<boolean> {
  while (clock.now() - startedAt < timings.verifyAfterMs) {
    if (evidence.startedSince(session, startedAt)) return true;
    await clock.sleep(Math.min(timings.pollMs, timings.verifyAfterMs), signal);
  }
  return evidence.startedSince(session, startedAt);
}

/** The gateway that runs it is asked; the front only where there is no other. */
function look(target: Target, signal: AbortSignal) {
  const seat = target.gateway ?? target.front;
  if (!seat) throw new Halt('refused', `no gateway lists ${target.session}, so nobody can say how it is`, { code: 'gateway-unreachable' });
  return seat.api.probe(seat.name, signal);
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;

import type { FaultClass, Firing, Probe, Rung } from '../../sidecar/words.ts';
import { fromMs } from '../../sidecar/event-time.ts';
import type { Look } from '../../sidecar/decide/decide.ts';
import { Desk, type DeskSettings, type Surroundings } from '../../sidecar/decide/desk.ts';

export const T0 = Date.parse('2026-02-09T10:00:00Z');
export const MINUTE = 60_000;

export function firing(over: Partial<Firing> & { session?: string; class?: FaultClass } = {}): Firing {
  const { session = 'pixel12digital', ...rest } = over;
  return {
    at: fromMs(T0), class: 'disconnect', who: { session, by: 'named' }, count: 6, patterns: { 'browser-closed': 6 }, evidence: [], ...rest,
  };
}

export function settings(over: Partial<DeskSettings> = {}): DeskSettings {
  return {
    ladders: { corruption: null, disconnect: null }, dryRun: false, startDeadlineMs: MINUTE, windowMs: 5 * MINUTE, maxHits: 5,
    cooldownMs: 15 * MINUTE, escalateWithinMs: 120 * MINUTE, massFailure: 5, ...over,
  };
}

export function look(probe: Probe, over: Partial<Look> = {}): Look {
  return { probe: { probe, saw: `seen as ${probe}` }, gatewayAnswers: true, whatsappReachable: true, tellsKeysFromLogin: true, loggedOut: false, ...over };
}

export const around = (over: Partial<Surroundings> = {}): Surroundings => ({
  container: 'running', gatewaySessions: ['pixel12digital'], ...over,
});

/** Reports a firing and decides on it at once, as the caretaker does. Returns `restart`, or the refusal's code. */
export function decided(desk: Desk, at: number, fired: Firing, seen: Look, where = around()): string | null {
  const incident = desk.report({ ...fired, at: fromMs(at) }, at);
  if (!incident) return null;
  const ruling = desk.beforeLooking(incident, where, at) ?? desk.decide(incident, where, seen, at);
  return 'act' in ruling.decision ? ruling.decision.act.rung : ruling.decision.refused;
}

/** Runs the repair of that rung in no time. */
export function repaired(desk: Desk, at: number, rung: Rung, result: 'fixed' | 'failed' = 'fixed', session = 'pixel12digital', cls: FaultClass = 'disconnect'): void {
  desk.began(session, at);
  desk.ended({ session, rung, result, detail: '', startedAt: at, endedAt: at, backup: null }, cls, at);
}

import type { Config } from './config.ts';
import type { DeskSettings } from './decide/desk.ts';

/** The settings that decisions depend on, out of the whole configuration. */
export function deskSettings({ detect, decide, repair }: Config): DeskSettings {
  return {
    ladders: decide.ladder,
    dryRun: decide.dryRun,
    startDeadlineMs: repair.verifyAfterMs,
    windowMs: detect.windowMs,
    maxHits: detect.maxHits,
    cooldownMs: decide.cooldownMs,
    escalateWithinMs: decide.escalateWithinMs,
    massFailure: decide.massFailure,
  };
}

import type { Desk } from '../decide/desk.ts';
import type { Look } from '../decide/decide.ts';
import { nextRung } from '../decide/ladder.ts';
import type { Target } from '../fleet/fleet.ts';
import { planSteps } from '../repair/steps.ts';
import { HouseError } from '../report/house.ts';
import { shellWord } from '../report/shell-word.ts';
import type { FaultClass, Nanos, Plan, Rung } from '../words.ts';

export interface ByHandParts {
  target(session: string): Target | null;
  /** Spellings and aliases are understood here too. */
  resolve(spelled: string): string | null;
  look(session: string, newestEvidence: Nanos): Promise<Look>;
  /** Hits inside the windows now. */
  hits(session: string): Record<FaultClass, number>;
  desk: Pick<Desk, 'pausedUntil' | 'isRepairing'>;
  ladders: Record<FaultClass, readonly Rung[] | null>;
  now(): number;
}

/**
 * The plan for a repair that a human asks for. The human's word stands above cooldown, budgets, mute and a healthy
 * probe; what no word makes right is refused with a HouseError: an unknown session, a repair under way, a pause, a
 * gateway that does not answer, a session that needs a QR scan.
 */
export async function planByHand(spelled: string, rung: Rung | null, parts: ByHandParts): Promise<Plan> {
  const session = parts.resolve(spelled);
  if (session === null || !parts.target(session)) throw new HouseError('not-found', `no list of the gateway or the stores names "${spelled}"; auto-fix status shows who is known`, 'unknown-session');
  if (parts.desk.isRepairing(session)) throw new HouseError('refused', `${session} is being repaired right now; auto-fix why ${shellWord(session)} tells how far it is`, 'in-flight');
  const { pausedUntil } = parts.desk;
  if (pausedUntil !== null && pausedUntil > parts.now()) throw new HouseError('refused', 'all repairs are paused; auto-fix resume lets them go on', 'paused');

  const look = await parts.look(session, FOREVER);
  if (!look.gatewayAnswers) throw new HouseError('refused', `its gateway does not answer, so the session could be neither closed nor started: ${look.probe.saw}`, 'gateway-unreachable');
  if (look.loggedOut || look.probe.probe === 'qr') throw new HouseError('refused', `${session} needs a QR scan, which no repair can do: auto-fix qr ${shellWord(session)} (${look.probe.saw})`, 'waiting-for-human');
  const cls = classOf(parts.hits(session));
  const chosen = rung ?? rungFor(cls, look, parts);
  if (chosen === null) throw new HouseError('refused', `${session} works (${look.probe.saw}); name a rung to repair it all the same: --rung restart`, 'healthy-now');
  return { session, rung: chosen, steps: planSteps(chosen), reason: `asked for by hand; probe ${look.probe.probe}; ${chosen}`, ...(rung === null ? { class: cls } : {}) };
}

/** Messages that went through before a human asks are no reason to leave the gateway unasked. */
const FOREVER: Nanos = 2n ** 62n;

const classOf = (hits: Record<FaultClass, number>): FaultClass => (hits.corruption > 0 ? 'corruption' : 'disconnect');

function rungFor(cls: FaultClass, look: Look, parts: ByHandParts): Rung | null {
  if (cls === 'disconnect' && look.probe.probe === 'healthy') return null;
  return nextRung({
    class: cls, probe: look.probe.probe, setting: parts.ladders[cls], tellsKeysFromLogin: look.tellsKeysFromLogin, profileLocked: false, lastRung: null,
  });
}

import { toMs } from '../event-time.ts';
import { planSteps } from '../repair/steps.ts';
import type { Decision, FaultClass, Firing, ProbeResult, Rung } from '../words.ts';
import { obstacle, type Refusal, type Standing } from './governor.ts';
import type { Incident } from './incident.ts';
import { nextRung } from './ladder.ts';

/** What is known of the session beyond the log lines, at the moment of the decision. */
export interface Look {
  probe: ProbeResult;
  /** False when the gateway itself did not answer. In a replay: true, it is not asked. */
  gatewayAnswers: boolean;
  /** WhatsApp can be reached from there: another session is alive, or a start got as far as the page. */
  whatsappReachable: boolean;
  tellsKeysFromLogin: boolean;
  /** The session was unlinked, banned or replaced, and nothing has connected since. */
  loggedOut: boolean;
}

export interface Policy {
  ladders: Record<FaultClass, readonly Rung[] | null>;
  dryRun: boolean;
  /** How long a session may say it is starting before it counts as stuck. */
  startDeadlineMs: number;
  windowMs: number;
  /** A window fires on more than this. */
  maxHits: number;
}

export interface Question {
  incident: Incident;
  standing: Standing;
  policy: Policy;
  /** The hardest rung tried for this class within the escalation time, which did not hold. */
  lastRung: Rung | null;
}

/** What stands in the way before anybody looks at the session; null: look. */
export function beforeLooking(question: Question): Decision | null {
  const refusal = obstacle(question.incident, question.standing);
  return refusal ? refused(refusal) : null;
}

/** The decision after a look. Pure: the same question and look always give the same answer. */
export function decide(question: Question, look: Look): Decision {
  const { incident, standing, policy, lastRung } = question;
  const early = obstacle(incident, standing);
  if (early) return refused(early);
  const seen = sightRefusal(incident, look, standing.now, policy);
  if (seen) return refused(seen);

  const next = nextRung({
    class: incident.class,
    probe: look.probe.probe,
    setting: policy.ladders[incident.class],
    tellsKeysFromLogin: look.tellsKeysFromLogin,
    profileLocked: incident.profileLocked,
    lastRung,
  });
  // What was tried while the network was away may hold now, and costs no login.
  const rung = next === 'reset' && incident.networkDoubted && look.whatsappReachable ? lastRung : next;
  if (rung === null)
    return refused({ code: 'ladder-spent', reason: `the last rung (${lastRung ?? 'none'}) did not hold; a human has to look`, until: undefined });
  if (incident.class === 'disconnect' && rung === 'reset' && !look.whatsappReachable)
    return refused({
      code: 'fault-not-proven',
      reason: 'a reset would cost the login, and nothing shows that the fault is the session\'s own: no other session is alive and no start got as far as the page',
      until: standing.now + PROOF_MAY_COME_MS,
    });
  const reason = describe(incident.firing, look.probe, rung, policy.windowMs);
  if (policy.dryRun) return { refused: 'dry-run', reason: `${rung} would be done; nothing is touched`, rung };
  return { act: { session: sessionOf(incident.firing), rung, steps: planSteps(rung), reason, class: incident.class } };
}

/** Proof that WhatsApp is reachable comes with the next sign of life anywhere; no hurry to lose a login. */
const PROOF_MAY_COME_MS = 5 * 60_000;

function sightRefusal(incident: Incident, look: Look, now: number, policy: Policy): Refusal | null {
  const { probe, saw } = look.probe;
  if (look.loggedOut || probe === 'qr') {
    const why = look.loggedOut ? 'it was unlinked, banned or replaced' : saw;
    return { code: 'waiting-for-human', reason: `a QR scan is due (${why}); a repair cannot do that` };
  }
  if (!look.gatewayAnswers)
    return { code: 'gateway-unreachable', reason: `its gateway does not answer (${saw}); repaired once it does`, until: now + GATEWAY_RETRY_MS };
  if (probe === 'unknown' && incident.heldAt !== null && toMs(incident.newest) <= incident.heldAt)
    return { code: 'correlated-failure', reason: `it broke together with others and has been quiet since, and nothing is known of it (${saw})`, until: now + THIN_EVIDENCE_RETRY_MS };
  if (probe === 'healthy' && incident.class === 'disconnect') return { code: 'healthy-now', reason: `it works again (${saw})` };
  if ((probe === 'unknown' || probe === 'healthy') && incident.firing.count <= policy.maxHits)
    return { code: 'stale', reason: `only ${incident.firing.count} hits are left in the window, and a look shows no fault (${saw})`, until: now + THIN_EVIDENCE_RETRY_MS };
  if (probe === 'starting' && !stuck(incident, now, policy))
    return { code: 'starting-up', reason: `it is starting (${saw})`, until: (incident.startingSince ?? now) + policy.startDeadlineMs };
  return null;
}

/** A gateway that comes back must not wait long for its broken session. */
const GATEWAY_RETRY_MS = 30_000;
/** The window empties or fills again within minutes. */
const THIN_EVIDENCE_RETRY_MS = 60_000;

const stuck = (incident: Incident, now: number, policy: Policy): boolean =>
  incident.startingSince !== null && now - incident.startingSince >= policy.startDeadlineMs;

function sessionOf(firing: Firing): string {
  if ('session' in firing.who) return firing.who.session;
  throw new Error('a decision to act needs a known session');
}

/** `6 disconnect hits in 5m (browser-closed 3, qr-read-error 2); probe zombie; restart` */
export function describe(firing: Firing, probe: ProbeResult, rung: Rung | null, windowMs: number): string {
  const patterns = Object.entries(firing.patterns).map(([id, count]) => `${id} ${count}`).join(', ');
  const counted = firing.found ?? `${firing.count} ${firing.class} ${firing.count === 1 ? 'hit' : 'hits'} in ${inWords(windowMs)}${patterns ? ` (${patterns})` : ''}`;
  return `${counted}; probe ${probe.probe}${rung ? `; ${rung}` : ''}`;
}

export function inWords(ms: number): string {
  for (const [unit, size] of [['h', 3_600_000], ['m', 60_000], ['s', 1000]] as const)
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}

const refused = ({ code, reason, until }: Refusal): Decision => ({ refused: code, reason, rung: null, until });

import type { Look } from '../decide/decide.ts';
import { isoOfNanos, toMs } from '../event-time.ts';
import type { Target } from '../fleet/fleet.ts';
import type { Nanos, ProbeResult } from '../words.ts';

export interface LookParts {
  /** Null for a session that no list names any more. */
  target(session: string): Target | null;
  /** Sessions of the same gateway. */
  siblings(session: string): readonly string[];
  /** Event time of the last message of that session that went through (not a contact's presence), or null. */
  lastMessage(session: string): Nanos | null;
  /** Event time of the last sign of life of any kind. */
  lastActivity(session: string): Nanos | null;
  /** Event time of the last line that says it started or connected. */
  lastRecovery(session: string): Nanos | null;
  /** Its log says it was unlinked, banned or replaced, and nothing since says it connected. */
  loggedOut(session: string): boolean;
  now(): number;
}

/** A start that got as far as the page within this time shows that WhatsApp can be reached. */
const LATELY_MS = 10 * 60_000;
/** Asking every sibling would load a gateway that is in trouble; three answers show the network. */
const SIBLINGS_ASKED = 3;

/**
 * Looks at a session before anything is decided: recent messages are proof of life and spare the probe; otherwise
 * the gateway is asked. Never rejects: what cannot be learnt is `unknown`, with the reason in `saw`. `brokenSince` is
 * the oldest hit of the trouble: life from before it proves nothing about now.
 */
export async function lookAt(session: string, newestEvidence: Nanos, parts: LookParts, brokenSince: Nanos = newestEvidence): Promise<Look> {
  const target = parts.target(session);
  const probe = provenAlive(session, newestEvidence, parts) ?? (await askGateway(target));
  const gatewayAnswers = !probe.couldNotLook;
  return {
    probe,
    gatewayAnswers,
    whatsappReachable: gatewayAnswers && (await reachable(session, brokenSince, parts)),
    tellsKeysFromLogin: (target?.stores ?? []).every(({ store }) => store.tellsKeysFromLogin),
    loggedOut: parts.loggedOut(session),
  };
}

function provenAlive(session: string, newestEvidence: Nanos, parts: LookParts): ProbeResult | null {
  const last = parts.lastMessage(session);
  return last !== null && last > newestEvidence ? { probe: 'healthy', saw: `a message went through at ${isoOfNanos(last)}` } : null;
}

/** The probe of whatever gateway runs that session. Never rejects. */
export async function askGateway(target: Target | null, signal?: AbortSignal): Promise<ProbeResult> {
  const asked = target?.gateway ?? target?.front;
  if (!asked) return { probe: 'unknown', saw: target?.unlisted ?? 'no gateway is configured that lists it', couldNotLook: true };
  try {
    return await asked.api.probe(asked.name, signal);
  } catch (error) {
    return { probe: 'unknown', saw: (error as Error).message, couldNotLook: true };
  }
}

/** A session that lives, or starts, while this one fails: then it is not the network. */
async function reachable(session: string, brokenSince: Nanos, parts: LookParts): Promise<boolean> {
  const siblings = parts.siblings(session).filter((sibling) => sibling !== session);
  const alive = [session, ...siblings].some((one) => (parts.lastActivity(one) ?? 0n) > brokenSince);
  if (alive || toMs(parts.lastRecovery(session) ?? 0n) > parts.now() - LATELY_MS) return true;
  const probes = await Promise.all(siblings.slice(0, SIBLINGS_ASKED).map((sibling) => askGateway(parts.target(sibling))));
  return probes.some(({ probe }) => probe === 'healthy');
}

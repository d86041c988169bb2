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
  /** Its log says it was unlinked, banned or replaced, and nothing since says it connected. */
  loggedOut(session: string): boolean;
  now(): number;
}

/** A sign of life of another session within this time shows that WhatsApp can be reached. */
const LATELY_MS = 10 * 60_000;
/** Asking every sibling would load a gateway that is in trouble; three answers show the network. */
const SIBLINGS_ASKED = 3;

/**
 * Looks at a session before anything is decided: recent messages are proof of life and spare the probe; otherwise
 * the gateway is asked. Never rejects: what cannot be learnt is `unknown`, with the reason in `saw`.
 */
export async function lookAt(session: string, newestEvidence: Nanos, parts: LookParts): Promise<Look> {
  const target = parts.target(session);
  const probe = provenAlive(session, newestEvidence, parts) ?? (await askGateway(target));
  const gatewayAnswers = !probe.couldNotLook;
  return {
    probe,
    gatewayAnswers,
    whatsappReachable: gatewayAnswers && (await reachable(session, parts)),
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

async function reachable(session: string, parts: LookParts): Promise<boolean> {
  const lately = parts.now() - LATELY_MS;
  const siblings = parts.siblings(session).filter((sibling) => sibling !== session);
  const alive = [session, ...siblings].some((one) => toMs(parts.lastActivity(one) ?? 0n) > lately);
  if (alive) return true;
  const probes = await Promise.all(siblings.slice(0, SIBLINGS_ASKED).map((sibling) => askGateway(parts.target(sibling))));
  return probes.some(({ probe }) => probe === 'healthy');
}

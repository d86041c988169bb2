import type { Look } from './decide/decide.ts';
import { isoOfNanos, toMs } from './event-time.ts';
import type { Target } from './fleet.ts';
import type { Nanos, ProbeResult } from './words.ts';

export interface LookParts {
  target(session: string): Target;
  /** Sessions of the same gateway. */
  siblings(session: string): readonly string[];
  /** Event time of the last message of that session that went through (not a contact's presence), or null. */
  lastMessage(session: string): Nanos | null;
  /** Event time of the last sign of life of any kind. */
  lastActivity(session: string): Nanos | null;
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
  const gatewayAnswers = probe.probe !== 'unknown' || (await answers(target));
  return {
    probe,
    gatewayAnswers,
    whatsappReachable: gatewayAnswers && (await reachable(session, parts)),
    tellsKeysFromLogin: target.stores.every(({ store }) => store.tellsKeysFromLogin),
    loggedOut: false,
  };
}

function provenAlive(session: string, newestEvidence: Nanos, parts: LookParts): ProbeResult | null {
  const last = parts.lastMessage(session);
  return last !== null && last > newestEvidence ? { probe: 'healthy', saw: `a message went through at ${isoOfNanos(last)}` } : null;
}

async function askGateway({ gateway, front }: Target): Promise<ProbeResult> {
  const asked = gateway ?? front;
  if (!asked) return { probe: 'unknown', saw: 'no gateway is configured that lists it' };
  try {
    return await asked.api.probe(asked.name);
  } catch (error) {
    return { probe: 'unknown', saw: (error as Error).message };
  }
}

async function answers({ gateway, front }: Target): Promise<boolean> {
  const asked = gateway ?? front;
  if (!asked) return false;
  return asked.api.list().then(() => true, () => false);
}

async function reachable(session: string, parts: LookParts): Promise<boolean> {
  const lately = parts.now() - LATELY_MS;
  const siblings = parts.siblings(session).filter((sibling) => sibling !== session);
  const alive = [session, ...siblings].some((one) => toMs(parts.lastActivity(one) ?? 0n) > lately);
  if (alive) return true;
  const probes = await Promise.all(siblings.slice(0, SIBLINGS_ASKED).map((sibling) => askGateway(parts.target(sibling))));
  return probes.some(({ probe }) => probe === 'healthy');
}

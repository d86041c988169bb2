import type { Firing, ProbeResult } from '../words.ts';

export interface Broken {
  session: string;
  saw: string;
}

/** Lines that name nobody: each session of their container is looked at, and only one whose probe fails may be meant. */
export async function brokenAmong(firing: Firing, sessionsIn: (container: string) => readonly string[], probe: (session: string) => Promise<ProbeResult>): Promise<Broken[]> {
  if (!('refused' in firing.who) || firing.who.refused !== 'not-attributed' || firing.container === undefined) return [];
  const looks = sessionsIn(firing.container).map(async (session) => ({ session, ...(await probe(session)) }));
  return (await Promise.all(looks)).filter((look) => look.probe === 'zombie').map(({ session, saw }) => ({ session, saw }));
}

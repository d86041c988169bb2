import { describe, expect, it } from 'vitest';
import { lookAt, type LookParts } from '../../sidecar/caretaker/look.ts';
import { fromMs } from '../../sidecar/event-time.ts';
import type { Gateway } from '../../sidecar/gateways/gateway.ts';
import type { Probe } from '../../sidecar/words.ts';
import { MINUTE, T0 } from '../decide/asked.ts';

/** Six closes of ImobSites in the last three minutes; its neighbour's browser answers with `neighbour`. */
const BROKEN_SINCE = fromMs(T0 - 3 * MINUTE);
const NEWEST = fromMs(T0);

function reachable(lives: Record<string, number>, { neighbour = 'zombie', startedAt = null }: { neighbour?: Probe; startedAt?: number | null } = {}): Promise<boolean> {
  const api = { probe: (name: string) => Promise.resolve({ probe: name === 'ImobSites' ? 'zombie' : neighbour, saw: 'seen' }) } as unknown as Gateway;
  const parts: LookParts = {
    target: (session) => ({ session, gateway: { api, name: session }, front: null, stores: [], container: null }),
    siblings: () => ['ImobSites', 'pixel12digital'],
    lastMessage: () => null,
    lastActivity: (session) => (lives[session] === undefined ? null : fromMs(lives[session])),
    lastRecovery: () => (startedAt === null ? null : fromMs(startedAt)),
    loggedOut: () => false,
    now: () => T0 + 5_000,
  };
  return lookAt('ImobSites', NEWEST, parts, BROKEN_SINCE).then((look) => look.whatsappReachable);
}

describe('whether WhatsApp can be reached while a session fails', () => {
  it('is shown by a neighbour that lived while it was failing', async () => {
    expect(await reachable({ pixel12digital: T0 - MINUTE })).toBe(true);
    expect(await reachable({}, { neighbour: 'healthy' })).toBe(true);
  });

  it('is not shown by life from before the trouble: that is what a network that died looks like', async () => {
    expect(await reachable({ pixel12digital: T0 - 4 * MINUTE, ImobSites: T0 - 4 * MINUTE })).toBe(false);
  });

  it('is shown by events of its own that came while it was failing, and by a start that got as far as the page', async () => {
    expect(await reachable({ ImobSites: T0 - MINUTE })).toBe(true);
    expect(await reachable({}, { startedAt: T0 - 8 * MINUTE })).toBe(true);
    expect(await reachable({}, { startedAt: T0 - 11 * MINUTE })).toBe(false);
  });
});

import { VirtualClock } from '../../sidecar/clock.ts';
import { Fleet, type FleetParts } from '../../sidecar/fleet/fleet.ts';
import type { Gateway, GatewayVerb } from '../../sidecar/gateways/gateway.ts';
import type { Store } from '../../sidecar/stores/store.ts';

/** A list that can be changed, fail, or stay unanswered: all a fleet asks of a gateway or store. */
export class List {
  names: string[];
  failure: Error | null = null;
  /** Set: `list` waits for it. */
  held: Promise<void> | null = null;
  asked = 0;

  constructor(names: string[]) {
    this.names = names;
  }

  async answer(): Promise<string[]> {
    this.asked++;
    await this.held;
    if (this.failure) throw this.failure;
    return this.names;
  }
}

const gateway = (kind: Gateway['kind'], can: GatewayVerb[], list: List): Gateway =>
  ({ kind, can: new Set(can), list: async () => (await list.answer()).map((name) => ({ name })) }) as unknown as Gateway;
export const store = (kind: Store['kind'], list: List): Store => ({ kind, list: () => list.answer() }) as unknown as Store;

/** The operators' stack: server, wrapper and profile folders. */
export function stack(lists: { wpp?: string[]; wrapper?: string[]; profiles?: string[] } = {}, more: Partial<FleetParts> = {}) {
  const wppList = new List(lists.wpp ?? ['Pixel12 Digital', 'ImobSites']);
  const wrapperList = new List(lists.wrapper ?? ['pixel12digital', 'imobsites']);
  const profileList = new List(lists.profiles ?? ['ImobSites', 'Pixel12 Digital']);
  const wpp = gateway('wppconnect', ['list', 'status', 'probe', 'close', 'start', 'qr'], wppList);
  const wrapper = gateway('gateway-wrapper', ['list', 'status', 'probe', 'reconnect', 'qr'], wrapperList);
  const profiles = store('chromium-profile', profileList);
  const told: string[] = [];
  const clock = new VirtualClock(1_000);
  const fleet = new Fleet({
    gateways: [wrapper, wpp], stores: [profiles], aliases: new Map(), clock,
    homes: new Map([['wppconnect-server', { runs: wpp, lists: [wpp, profiles] }], ['gateway-wrapper', { runs: wrapper, lists: [wrapper, wpp] }]]),
    tell: (level, message) => told.push(`${level}: ${message}`),
    ...more,
  });
  return { fleet, told, clock, wpp, wrapper, profiles, wppList, wrapperList, profileList };
}

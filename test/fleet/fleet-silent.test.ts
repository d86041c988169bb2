import { describe, expect, it } from 'vitest';
import { lookAt } from '../../sidecar/caretaker/look.ts';
import type { Gateway } from '../../sidecar/gateways/gateway.ts';
import { List, stack, store } from './fleet-stack.ts';

describe('a store that has never answered', () => {
  it('is taken to hold the session of the gateway it belongs to, so that no half of its data passes for all of it', async () => {
    const { fleet, profiles, profileList } = stack();
    profileList.failure = new Error('cannot be read');
    await fleet.refresh();
    expect(fleet.target('ImobSites')?.stores).toEqual([{ store: profiles, name: 'ImobSites' }]);
  });

  it('is none of a session that lives behind another gateway', async () => {
    const list = new List([]);
    const { fleet } = stack({}, { stores: [store('redis', list)] });
    list.failure = new Error('Redis is away');
    await fleet.refresh();
    expect(fleet.target('ImobSites')?.stores).toEqual([]);
  });

  it('is believed once it has answered, also while it fails again', async () => {
    const { fleet, profileList } = stack({ profiles: ['ImobSites'] });
    await fleet.refresh();
    profileList.failure = new Error('cannot be read');
    await fleet.refresh();
    expect(fleet.target('Pixel12 Digital')?.stores).toEqual([]);
  });
});

it('Redis is looked into for a session of its gateway that had no key there when it was listed', async () => {
  const redis = store('redis', new List([]));
  const backend = { kind: 'whaticket', can: new Set(['list', 'start']), list: async () => [{ name: '26' }] } as unknown as Gateway;
  const { fleet } = stack({}, { gateways: [backend], stores: [redis], homes: new Map([['whaticket-backend', { runs: backend, lists: [backend, redis] }]]) });
  await fleet.refresh();
  expect(fleet.target('26')?.stores).toEqual([{ store: redis, name: '26' }]);
});

it('where the data of a session lies can be asked anew without a word to the gateways', async () => {
  const { fleet, profiles, profileList, wppList } = stack({ profiles: [] });
  await fleet.refresh();
  const { asked } = wppList;
  profileList.names = ['ImobSites'];
  await fleet.refreshStores();
  expect(fleet.target('ImobSites')?.stores).toEqual([{ store: profiles, name: 'ImobSites' }]);
  expect(wppList.asked).toBe(asked);
});

it('a session that only a store names is told with the reason why no gateway lists it', async () => {
  const { fleet, wppList } = stack({ wrapper: [] });
  wppList.failure = new Error('wppconnect-server rejects our secret');
  await fleet.refresh();
  expect(fleet.target('ImobSites')).toMatchObject({ gateway: null, unlisted: 'wppconnect-server rejects our secret' });
  const { probe, gatewayAnswers } = await lookAt('ImobSites', 0n, {
    target: (session) => fleet.target(session), siblings: () => [], lastMessage: () => null, lastActivity: () => null, lastRecovery: () => null, loggedOut: () => false, now: () => 0,
  });
  expect({ saw: probe.saw, gatewayAnswers }).toEqual({ saw: 'wppconnect-server rejects our secret', gatewayAnswers: false });
});

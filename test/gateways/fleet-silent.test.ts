import { describe, expect, it } from 'vitest';
import { lookAt } from '../../sidecar/look.ts';
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

it('a session that only a store names is told with the reason why no gateway lists it', async () => {
  const { fleet, wppList } = stack({ wrapper: [] });
  wppList.failure = new Error('wppconnect-server rejects our secret');
  await fleet.refresh();
  expect(fleet.target('ImobSites')).toMatchObject({ gateway: null, unlisted: 'wppconnect-server rejects our secret' });
  const { probe, gatewayAnswers } = await lookAt('ImobSites', 0n, {
    target: (session) => fleet.target(session), siblings: () => [], lastMessage: () => null, lastActivity: () => null, loggedOut: () => false, now: () => 0,
  });
  expect({ saw: probe.saw, gatewayAnswers }).toEqual({ saw: 'wppconnect-server rejects our secret', gatewayAnswers: false });
});

import { describe, expect, it } from 'vitest';
import { List, stack, store } from './fleet-stack.ts';

describe('the holder of a peer', () => {
  const peers = new Map<string, readonly string[]>([['5511900000001.0', ['26']], ['5511900000002.0', ['25', '26']], ['5511900000003.0', ['99']]]);

  it('is the one session whose folder has its file; with several or none it is nobody', async () => {
    const files = store('baileys-files', new List(['25', '26']));
    const { fleet } = stack({ wpp: [], wrapper: [], profiles: [] }, { stores: [files], peers: async () => peers });
    await fleet.refresh();
    expect(['5511900000001.0', '5511900000002.0', '5511900000003.0', '__proto__'].map((address) => fleet.holderOfPeer(address))).toEqual(['26', null, null, null]);
  });

  it('stays known while the folders cannot be read, and that is told once', async () => {
    let readable = true;
    const files = store('baileys-files', new List(['26']));
    const { fleet, told } = stack({ wpp: [], wrapper: [], profiles: [] }, { stores: [files], peers: async () => {
      if (!readable) throw new Error('no rights');
      return peers;
    } });
    await fleet.refresh();
    readable = false;
    await fleet.refresh();
    await fleet.refresh();
    expect(fleet.holderOfPeer('5511900000001.0')).toBe('26');
    expect(told).toEqual(['warn: the peers of the sessions cannot be read anew, those known are kept: no rights']);
  });
});

import { describe, expect, it } from 'vitest';
import { realClock } from '../sidecar/clock.ts';
import { loadConfig } from '../sidecar/config.ts';
import { homesOf, openWorld } from '../sidecar/world.ts';

async function homes(containers: string) {
  const { config } = loadConfig({
    AUTO_FIX_CONTAINERS: containers, WPPCONNECT_URL: 'http://127.0.0.1:1', WPPCONNECT_SECRET_KEY: 's', WPP_GATEWAY_BASE_URL: 'http://127.0.0.1:2', BACKEND_URL: 'http://wa:3',
  });
  const { gateways, stores, close } = await openWorld(config, realClock, () => undefined);
  close();
  return Object.fromEntries([...homesOf(config, gateways, stores)].map(([container, { runs, lists }]) => [container, { runs: runs?.kind ?? null, lists: lists.map(({ kind }) => kind) }]));
}

describe('whose browsers run in a watched container', () => {
  it('is told by the name that Compose gives it, when it is watched by that and not by its service', async () => {
    expect(await homes('my-stack-wppconnect-server-1,old_gateway-wrapper_1')).toEqual({
      'my-stack-wppconnect-server-1': { runs: 'wppconnect', lists: ['wppconnect', 'gateway-wrapper'] },
      'old_gateway-wrapper_1': { runs: null, lists: ['wppconnect', 'gateway-wrapper'] },
    });
  });

  it('is told by the gateway\'s address first', async () => {
    expect(await homes('wa')).toEqual({ wa: { runs: 'whaticket', lists: ['whaticket'] } });
  });

  it('is not guessed from a name that only resembles it', async () => {
    expect((await homes('wppconnect-server-proxy'))['wppconnect-server-proxy']).toEqual({ runs: null, lists: ['wppconnect', 'whaticket', 'gateway-wrapper'] });
  });
});

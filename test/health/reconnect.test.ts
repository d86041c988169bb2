import { expect, it } from 'vitest';
import type { Gateway, GatewayVerb } from '../../sidecar/gateways/gateway.ts';
import { ACTIONS } from '../../sidecar/repair/actions.ts';

/** Runs the step on a session with those gateways; resolves with what they were asked. */
async function reconnect(gateway: GatewayVerb[] | null, front: GatewayVerb[] | null): Promise<string[]> {
  const asked: string[] = [];
  const seat = (who: string, can: GatewayVerb[] | null) => can && {
    name: 's1', api: { can: new Set(can), start: async () => void asked.push(`${who} start`), reconnect: async () => void asked.push(`${who} reconnect`) } as unknown as Gateway,
  };
  type Run = typeof ACTIONS.reconnect.run;
  const work = { session: 's1', target: { gateway: seat('gateway', gateway), front: seat('front', front) }, startedAt: null, signal: new AbortController().signal };
  await ACTIONS.reconnect.run(work as unknown as Parameters<Run>[0], { clock: { now: () => 1 }, tell: () => undefined } as unknown as Parameters<Run>[1], {});
  return asked;
}

it('a closed session is connected again by the wrapper where there is one, else started by its own gateway', async () => {
  expect(await reconnect(['close', 'start'], ['reconnect'])).toEqual(['front reconnect']);
  expect(await reconnect(['close', 'start'], null)).toEqual(['gateway start']);
  expect(await reconnect(['start', 'reconnect'], null)).toEqual(['gateway reconnect']);
});

it('a session that nobody can start or reconnect is refused, with the rung that could help', async () => {
  await expect(reconnect(['status'], null)).rejects.toThrow('use the rung restart');
});

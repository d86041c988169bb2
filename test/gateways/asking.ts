import { expect } from 'vitest';
import { GatewayError } from '../../sidecar/gateways/gateway.ts';
import { GatewayHttp, type Call } from '../../sidecar/gateways/http.ts';
import { serve, type Handler } from './server.ts';

export const SECRET = 'h/dden secret';
export const at = (url: string) => new GatewayHttp({ name: 'gateway-wrapper', url, urlSetting: 'WPP_GATEWAY_BASE_URL', secretSetting: 'WPP_GATEWAY_SECRET', secrets: [SECRET] });
export const LIST: Call = { method: 'GET', path: '/api/channels', deadlineMs: 5_000 };

export async function faultOf(call: Promise<unknown>): Promise<GatewayError> {
  const error = await call.then(() => null, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(GatewayError);
  return error as GatewayError;
}

export async function answering(handler: Handler, call: Call = LIST): Promise<{ error: GatewayError; address: string }> {
  const server = await serve(handler);
  return { error: await faultOf(at(server.url).ask(call)), address: server.address };
}

export const BLIND = 'so its sessions can be neither looked at nor repaired';

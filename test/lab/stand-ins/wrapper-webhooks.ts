import { randomUUID } from 'node:crypto';
import { answer, type Service } from './service.ts';
import type { WrapperHouse } from './gateway-wrapper.ts';

/** wppconnect-server posts here; each event is told in three lines, the last without a name. */
export function addWebhookRoute(service: Service, house: WrapperHouse): void {
  service.route('POST', '/v1/webhooks/receive', ({ json }) => {
    receive(house, json);
    return answer(200, { success: true, queued: true });
  });
}

export function receive(house: WrapperHouse, payload: Record<string, unknown>): void {
  const { log } = house;
  const event = { sessionId: String(payload.session), eventType: String(payload.event), correlationId: randomUUID() };
  log.write('info', 'Received webhook event from WPPConnect', event);
  if (payload.event === 'onpresencechanged') tellPresence(house, payload);
  log.write('info', 'Webhook event queued', event);
  if (house.hubDown) log.write('error', 'Webhook delivery failed', { ...event, error: 'connect ECONNREFUSED 127.0.0.1:443', attempt: 1 });
  else log.write('info', 'Webhook delivered successfully', { statusCode: 200, durationMs: 41 });
}

/** The presence trap: a contact's phone, dressed as `connection.update` of the session. */
function tellPresence({ log }: WrapperHouse, payload: Record<string, unknown>): void {
  const status = payload.isOnline === true ? 'available' : 'unavailable';
  log.write('info', 'Webhook event transformed', {
    event: 'connection.update', session: { id: String(payload.session) }, connection: { status }, raw: { provider: 'wppconnect', payload },
  });
}

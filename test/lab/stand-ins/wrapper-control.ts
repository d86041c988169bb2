import { answer, LAB_PREFIX, type Service } from './service.ts';
import type { WrapperHouse } from './gateway-wrapper.ts';
import type { WrapperShape } from './wrapper-log.ts';
import { receive } from './wrapper-webhooks.ts';

/** Lets tests choose the log's shape, break the Hub, and send webhooks of any session. */
export function addWrapperControl(service: Service, house: WrapperHouse): void {
  service.route('POST', `${LAB_PREFIX}/settings`, ({ json }) => {
    const { shape = house.log.shape, hubDown = house.hubDown, qrField = house.qrField } = json;
    house.log.shape = shape as WrapperShape;
    house.hubDown = hubDown === true;
    house.qrField = String(qrField);
    return answer(200, { shape, hubDown, qrField });
  });
  /** `{"count":15,"payload":{"event":"onpresencechanged","session":"ImobSites","isOnline":false}}` */
  service.route('POST', `${LAB_PREFIX}/webhooks`, ({ json }) => {
    const { count = 1, payload = {} } = json;
    for (let i = 0; i < Number(count); i++) receive(house, payload as Record<string, unknown>);
    return answer(200, {});
  });
  /** A real close as the wrapper tells it: `{"session":"ImobSites"}`. */
  service.route('POST', `${LAB_PREFIX}/real-close`, ({ json }) => {
    house.log.write('info', 'Webhook event transformed', { event: 'connection.update', session: { id: String(json.session) }, connection: { state: 'close', status: 'disconnected' }, raw: { provider: 'wppconnect', payload: { event: 'status-find', status: 'browserClose', session: String(json.session) } } });
    return answer(200, {});
  });
  service.route('POST', `${LAB_PREFIX}/print`, ({ text }) => (house.log.raw(text), answer(200, {})));
}

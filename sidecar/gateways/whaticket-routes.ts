/** `:id` stands for the session's number. */
export interface Route {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
}

/** How one family of Whaticket-style backends is asked. A verb without a safe route is null. */
export interface RouteSet {
  list: Route;
  health: Route | null;
  /** Ends the connection and keeps the login. */
  close: Route | null;
  start: Route;
  /** Null: `start` is the way. */
  reconnect: Route | null;
}

export type RouteSetName = 'script' | 'whaticket' | 'ticketz';

/**
 * `script`: the routes of the operators' earlier script. `whaticket` and `ticketz`: the public forks, which have no safe close
 * (their only one unlinks the phone) and whose PUT on a session asks for a new QR: neither stands here.
 */
export const ROUTE_SETS: Readonly<Record<RouteSetName, RouteSet>> = {
  script: {
    list: { method: 'GET', path: '/whatsapp' },
    health: { method: 'GET', path: '/health' },
    close: { method: 'PUT', path: '/whatsapp/:id/disconnect' },
    start: { method: 'PUT', path: '/whatsapp/:id/start-session' },
    reconnect: null,
  },
  whaticket: {
    list: { method: 'GET', path: '/whatsapp' },
    health: null,
    close: null,
    start: { method: 'POST', path: '/whatsappsession/:id' },
    reconnect: null,
  },
  ticketz: {
    list: { method: 'GET', path: '/whatsapp' },
    health: null,
    close: null,
    start: { method: 'POST', path: '/whatsappsession/:id' },
    reconnect: { method: 'GET', path: '/whatsappsession/refresh/:id' },
  },
};

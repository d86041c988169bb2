import { shellWord } from '../report/shell-word.ts';

/** Below the sidecar's own address. */
export const qrPath = (session: string): string => `/api/sessions/${encodeURIComponent(session)}/qr.png`;

/** Hosts that mean "every address of this machine": what others call it is not known here. */
const ANY_HOST: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** The whole address of a session's QR picture; undefined where nobody but the operator knows how the sidecar is reached. */
export function qrLink(http: { host: string; port: number } | null, session: string): string | undefined {
  if (!http || ANY_HOST.has(http.host)) return undefined;
  return `http://${http.host.includes(':') ? `[${http.host}]` : http.host}:${http.port}${qrPath(session)}`;
}

/** Where a human finds the QR, to end a sentence with. */
export const whereTheQrIs = (session: string): string => `auto-fix qr ${shellWord(session)}, or GET ${qrPath(session)}`;

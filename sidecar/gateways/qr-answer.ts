import type { QrAnswer } from './gateway.ts';
import { fieldOf } from './http.ts';

/** Where gateways put the image, the likeliest first [seen: qr, qrcode, base64, data]. */
const IMAGE_FIELDS = ['qr', 'qrcode', 'qrCode', 'qr_code', 'base64', 'base64Qrimg', 'image', 'data', 'channel', 'response'];
/** An image lies at most two objects deep: `{"data": {"qr": …}}`, `{"data": {"qr": {"base64": …}}}`. */
const DEEPEST = 3;

const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const CONNECTED_WORDS = new Set(['connected', 'inchat', 'islogged', 'opened']);
/** What Chromium's launcher says when its profile is locked or still in use. */
const LAUNCH_FAILED = /Code: 21\b|already running for|Failed to launch the browser/i;

export const isPng = (bytes: Buffer): boolean => bytes.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE);

/**
 * Reads what a QR route said in JSON. `said` is its message, already safe to show. The image is taken from whichever field
 * holds a PNG (data URL or plain base64); nothing of it ever reaches a detail.
 */
export function readQrAnswer(json: unknown, said: string): QrAnswer {
  const png = pngIn(json, 0);
  if (png) return { kind: 'qr', png };
  const status = statusWord(json);
  if (CONNECTED_WORDS.has(status)) return { kind: 'connected' };
  if (LAUNCH_FAILED.test(said)) return { kind: 'browser-cannot-start', detail: `the browser of the session cannot start (${said}): its profile is locked or still in use; a restart of the session clears the lock` };
  if (/not started/i.test(said) || status === 'closed' || (hasField(json, 'status') && status === '')) {
    return { kind: 'not-started', detail: 'the session is not started, so there is no QR; start it first' };
  }
  if (status === 'initializing' || status === 'starting') {
    return { kind: 'not-started', detail: `the session is still starting (${status}), so there is no QR yet; if that lasts more than two minutes its browser cannot start` };
  }
  if (/Invalid QR code response/i.test(said)) {
    return { kind: 'failed', detail: 'the gateway got something else than a QR from the server behind it (Invalid QR code response): the session may be starting or connected; look at its status and ask again' };
  }
  return { kind: 'failed', detail: `the gateway gave no QR image (${said || (status ? `status ${status}` : 'no reason given')}); look at the session's status and ask again` };
}

const hasField = (json: unknown, field: string): boolean => typeof json === 'object' && json !== null && Object.hasOwn(json, field);

function statusWord(json: unknown): string {
  for (const holder of [json, fieldOf(json, 'channel'), fieldOf(json, 'data')]) {
    const word = fieldOf(holder, 'status');
    if (typeof word === 'string') return word.toLowerCase();
  }
  return '';
}

function pngIn(value: unknown, depth: number): Buffer | null {
  if (typeof value === 'string') return pngOf(value);
  if (depth >= DEEPEST) return null;
  for (const field of IMAGE_FIELDS) {
    const png = pngIn(fieldOf(value, field), depth + 1);
    if (png) return png;
  }
  return null;
}

function pngOf(text: string): Buffer | null {
  const base64 = text.replace(/^data:image\/png;base64,/i, '');
  const bytes = Buffer.from(base64, 'base64');
  return isPng(bytes) ? bytes : null;
}

import type { Sign } from '../words.ts';

/** The wrapper's words for an event that came in; other lines repeat it. */
export const RECEIVED = 'Received webhook event from WPPConnect';

/**
 * The most frequent line of a running stack, read without parsing JSON. The frame and the order of the first two
 * fields are the program's own, so nothing a person writes can stand here. Everything else about such a line is left
 * to the patterns.
 */
const EVENT = /^(?:\d{4}-\d\d-\d\d[T ][\d:.,]{8,18}Z? \[[a-z]{3,8}\]: Received webhook event from WPPConnect \{|\{"level":"[a-z]{3,8}","message":"Received webhook event from WPPConnect",)"sessionId":"([^"\\]{1,100})","eventType":"(on[a-z]{1,30})"(,"correlationId":"[\w-]{1,64}")?(,"timestamp":"[\w:.-]{1,40}")?(\}$)?/;

/**
 * Events that only a living page sends and that carry no status and no message, whatever else the line holds.
 * Presence is the most of them: a contact's, so never a change of our connection, but it did come through it.
 */
export const PLAIN_EVENTS: ReadonlySet<string> = new Set(['onpresencechanged', 'onupdatelabel', 'onack']);

/** Session and event of an everyday webhook line; null when the patterns have to look. */
export function readActivity(text: string): Sign | null {
  const match = EVENT.exec(text);
  if (!match) return null;
  return PLAIN_EVENTS.has(match[2]!) || (match[5] !== undefined && MESSAGE_EVENTS.has(match[2]!)) ? { spelled: match[1]!, event: match[2]! } : null;
}

/** Events that are plain life when the line ends behind the correlation id: no type, no body to look at. */
const MESSAGE_EVENTS: ReadonlySet<string> = new Set(['onmessage', 'onanymessage', 'onselfmessage', 'onreactionmessage', 'onrevokedmessage', 'onmessageedit']);

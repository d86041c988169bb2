import type { Dice } from '../test/dice.ts';

export type Source = 'wppconnect-server' | 'gateway-wrapper';
/** One line of a container before it gets its time. `hit`: it counts against a session. */
export interface TraceLine {
  from: Source;
  text: string;
  hit: boolean;
}

/** Trouble lines of wppconnect-server's library that name their session, one cause each. */
const TROUBLE = [
  ['error', 'browser', 'Error no open browser'], ['info', 'client', 'Auto Close Called'], ['error', 'client', 'Failed to authenticate'],
  ['info', 'client', 'Session Unpaired'], ['warn', 'client', 'Phone not connected'], ['warn', 'client', 'Login Fail'],
] as const;
export const TROUBLE_WORDS: readonly string[] = TROUBLE.map(([, , text]) => text);

/** What the library prints on a good day. */
const GOOD_DAY = [
  ['http', 'client', 'Checking phone is connected...'], ['http', 'client', 'Checking is logged...'], ['http', 'client', 'Authenticated'],
  ['debug', 'client', 'Exposing onMessage function'], ['http', 'client', 'Auto close remain: 50s'], ['verbose', 'page', 'Page loaded'],
  ['info', 'client', 'Waiting page load'], ['http', 'browser', 'checking headless...'],
] as const;

const COLOURS: Record<string, number> = { error: 31, warn: 33, info: 32, http: 32, verbose: 36, debug: 34 };
/** The library pads its level to this column, colours not counted. */
const LEVEL_COLUMN = 10;
const colour = (level: string): string => `\u001b[${COLOURS[level]}m${level}\u001b[39m`;
const library = (level: string, session: string, speaker: string, text: string): string =>
  `${colour(level)}:${' '.repeat(LEVEL_COLUMN - level.length - 1)}[${session}:${speaker}] ${text}`;

export function troubleLine(session: string, dice: Dice): TraceLine {
  const [level, speaker, text] = dice.one(TROUBLE);
  return { from: 'wppconnect-server', text: library(level, session, speaker, text), hit: true };
}

export function serverLine(session: string, iso: string, dice: Dice): TraceLine {
  if (dice.next() < 0.5) {
    const [level, speaker, text] = dice.one(GOOD_DAY);
    return { from: 'wppconnect-server', text: library(level, session, speaker, text), hit: false };
  }
  return { from: 'wppconnect-server', text: `${colour('info')}: ${iso} Message sent to 55${dice.digits(11)}@c.us`, hit: false };
}

/** Events per 48 h of a real stack, by kind: presence is nearly all of it. */
const EVENTS: readonly (readonly [string, number])[] = [['onpresencechanged', 16_956], ['onupdatelabel', 2_076], ['onack', 95], ['status-find', 61], ['onmessage', 53], ['onselfmessage', 33]];
const ALL_EVENTS = EVENTS.reduce((sum, [, count]) => sum + count, 0);

function eventKind(dice: Dice): string {
  let at = dice.next() * ALL_EVENTS;
  for (const [kind, count] of EVENTS) {
    at -= count;
    if (at < 0) return kind;
  }
  return EVENTS[0]![0];
}

/** One of the three lines that the wrapper prints for every webhook. */
export function wrapperLine(session: string, iso: string, dice: Dice): TraceLine {
  const id = `${dice.hex(8)}-${dice.hex(4)}`;
  const step = dice.between(0, 2);
  const text = step === 0
    ? `${iso} [info]: Received webhook event from WPPConnect {"sessionId":"${session}","eventType":"${eventKind(dice)}","correlationId":"${id}"}`
    : step === 1
      ? `${iso} [info]: Webhook event queued {"correlationId":"${id}","queue":"webhooks","attempt":1}`
      : `${iso} [info]: Webhook delivered successfully {"statusCode":200,"correlationId":"${id}","durationMs":${dice.between(4, 400)}}`;
  return { from: 'gateway-wrapper', text, hit: false };
}

/** How many bytes of avatars, labels and devices a full presence payload carries. */
const PAYLOAD = { least: 1_500, most: 4_500 };
/** Share of payloads with a word in them that the trouble patterns look for too. */
const LOOKALIKE = 0.1;

/** A contact's presence with its whole payload: never the session's own connection, whatever it says. */
export function presencePayload(session: string, dice: Dice): TraceLine {
  const word = dice.next() < LOOKALIKE ? 'disconnected' : dice.one(['available', 'unavailable']);
  const payload = { event: 'onpresencechanged', id: `55${dice.digits(11)}@c.us`, isOnline: word === 'available', isUser: true, isContact: true, state: word, shortName: 'Zoe', t: dice.between(1, 1e9), formattedName: 'x'.repeat(dice.between(PAYLOAD.least, PAYLOAD.most)) };
  return { from: 'gateway-wrapper', text: JSON.stringify({ level: 'info', message: 'Webhook event queued', event: 'connection.update', session: { id: session }, connection: { status: word }, raw: { payload } }), hit: false };
}

/** A real close among the presences. */
export function closedLine(session: string): TraceLine {
  return { from: 'gateway-wrapper', text: JSON.stringify({ level: 'info', message: 'Webhook event queued', event: 'connection.update', session: { id: session }, connection: { status: 'closed' }, raw: { payload: { event: 'status-find' } } }), hit: true };
}

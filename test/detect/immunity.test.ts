import { describe, expect, it } from 'vitest';
import { seeded } from '../dice.ts';
import { hostileLine } from './hostile.ts';
import { detector, known, line, PATTERNS, readAll, told } from './stage.ts';

const one = known(['loja1', '31']);
const quiet = (texts: readonly string[], container = 'gateway-wrapper') =>
  expect(told(readAll(detector(known(['loja1'])), texts.map((text, i) => line(i * 3, text, container))))).toEqual([]);
const many = (text: string, count = 40) => Array.from({ length: count }, () => text);
const json = (fields: object) => JSON.stringify({ level: 'info', message: 'Webhook event queued', ...fields });

describe('never a hit', () => {
  it('a contact\'s presence, by any of its marks, in both shapes', () => {
    const update = { event: 'connection.update', session: { id: 'loja1' } };
    const presences = [
      { ...update, connection: { status: 'unavailable' } },
      { ...update, connection: { status: 'available' } },
      { ...update, connection: { status: 'composing' } },
      { ...update, connection: { status: 'disconnected' }, raw: { payload: { event: 'onpresencechanged' } } },
      { ...update, connection: { state: 'close' }, raw: { payload: { id: '5500000000001@c.us' } } },
      { ...update, connection: { state: 'close' }, raw: { payload: { isOnline: false } } },
      { ...update, connection: { state: 'close' }, raw: { payload: { isUser: true } } },
      { ...update, connection: { state: 'close' }, raw: { payload: { isContact: false } } },
      { ...update, connection: { status: 'closed', state: 'unavailable' } },
      { sessionId: 'loja1', eventType: 'onpresencechanged', status: 'disconnected' },
    ];
    quiet(presences.flatMap((one) => many(json(one), 15)));
    quiet(presences.flatMap((one) => many(`2026-03-04T09:12:45.153Z [info]: Webhook event queued ${JSON.stringify(one)}`, 15)));
  });

  it('a status the wrapper keeps, which presence may have poisoned', () => {
    quiet(many(json({ message: 'Session status updated from connection.update', event: 'connection.update', sessionId: 'loja1', status: 'disconnected' })));
    quiet(many('2026-03-04T09:12:45.153Z [info]: Session status updated from connection.update {"sessionId":"loja1","status":"disconnected"}'));
  });

  it('the channel list and other answers that quote a status', () => {
    quiet(many(json({ message: 'GET /api/channels', response: { success: true, channels: [{ id: 'loja1', status: 'disconnected' }] } })));
    quiet(many('2026-03-04T09:12:45.153Z [debug]: status-session answered {"status":"CLOSED","session":"loja1"}'));
  });

  it('a start from beginning to end, and the wait for a QR', () => {
    const said = ["[loja1:browser] Using browser folder './userDataDir/loja1'", '[loja1:browser] Initializing browser...', '[loja1:browser] checking headless...',
      '[loja1:client] Version not available for 2.3000.10412x, using latest as fallback', '[loja1:client] Waiting page load', '[loja1:client] Authenticated', '[loja1:client] Connected', '[loja1:client] Auto close configured to 60s'];
    const words = ['notLogged', 'inChat', 'isLogged', 'qrReadSuccess', 'State Change UNLAUNCHED: loja1', 'State Change OPENING: loja1', 'State Change PAIRING: loja1', 'State Change CONNECTED: loja1'];
    quiet([...said.map((text) => `error:    ${text}`), ...words.map((text) => `info: 2026-03-04T09:12:45.153Z ${text}`), ...Array.from({ length: 44 }, (_, i) => `http:     [loja1:client] Auto close remain: ${50 - i}s`)], 'wppconnect-server');
  });

  it('a dump of a closed session, whose lines are keys', () => {
    quiet(many(['Closing session: SessionEntry {', '  _chains: {', "    'BbAAAAAA': { chainKey: [Object], chainType: 2, messageKeys: {} }", '  currentRatchet: {', '      privKey: <Buffer e8 ae 10 37>', '  },', '}', 'Decrypted message with closed session.'].join('\n'), 10).flatMap((text) => text.split('\n')), 'backend');
  });

  it('what says nothing: an answer to close of a closed session, a failed delivery, a stack', () => {
    quiet(['error: 2026-03-04T09:12:45.153Z req.client.close is not a function - TypeError: req.client.close is not a function', '    at closeSession (/app/src/controller/sessionController.ts:264:24)', '2026-03-04T09:12:45.153Z [error]: Webhook delivery failed {"sessionId":"loja1"}', '', '  ', '{', '}', '{}', '{"level":50}', 'null', '[]']);
  });

  it('a Baileys QR that nobody scanned', () => {
    quiet(many('UPDATE {"connection":"close","statusCode":408,"message":"QR refs attempts ended","payload":{"statusCode":408}}'), 'backend');
    quiet(many('{"level":30,"sessionId":"loja1","trace":"Error: QR refs attempts ended\\n    at x","msg":"connection errored"}'), 'backend');
  });

  it('libsignal\'s words in the log of a program that cannot print them', () => {
    const block = ['Failed to decrypt message with any known session...', 'Session error:Error: Bad MAC Error: Bad MAC'];
    quiet(['verbose:  [loja1:client] Page loaded', 'http:     [loja1:client] Auto close remain: 50s', 'info:     [loja1:browser] Initializing browser...', ...many(block.join('\n'), 12).flatMap((text) => text.split('\n'))], 'wppconnect-server');
    quiet(['2026-03-04T09:12:45.153Z [info]: Received webhook event from WPPConnect {"sessionId":"loja1","eventType":"onack"}', ...many(block.join('\n'), 12).flatMap((text) => text.split('\n'))]);
  });

  it('a million lines of chat that quote every line and word any pattern looks for, in the frames of both containers', () => {
    const random = seeded(20260304);
    const it1 = detector(one);
    const hits: string[] = [];
    for (let i = 0; i < 1_000_000; i++) {
      const text = hostileLine(random).slice(0, 20_000);
      for (const { hit } of it1.read(line(i * 0.01, text, i % 2 ? 'gateway-wrapper' : 'wppconnect-server'))) hits.push(`${hit.pattern}: ${text}`);
    }
    expect([...hits, ...told(it1.flush())]).toEqual([]);
  }, 300_000);

  it('a line that is cut off or broken, whatever it started as', () => {
    const it1 = detector(one);
    for (const pattern of PATTERNS.filter((one) => one.shapes.has('json'))) {
      for (const { line: text } of pattern.hits.filter(({ line: text }) => text.startsWith('{'))) {
        for (let end = 1; end < text.length; end += 7) expect(it1.read(line(0, text.slice(0, end)))).toEqual([]);
      }
    }
  });
});

it('a host\'s chat cannot silence its own libsignal lines by looking like another program', () => {
  const it1 = detector(known(['26']));
  const opened = '{"level":30,"sessionId":"26","msg":"opened connection to WA"}';
  const lines = [line(0, opened, 'backend'), line(1, 'info:     [26:client] Auto close remain: 50s', 'backend'), line(2, 'info:     [26:browser] Initializing browser...', 'backend'),
    line(3, 'Failed to decrypt message with any known session...', 'backend', 'stderr'), line(3, 'Session error:Error: Bad MAC Error: Bad MAC', 'backend', 'stderr')];
  expect(told(readAll(it1, lines))).toEqual(['26 recovery connection-opened', '26 corruption bad-mac']);
});

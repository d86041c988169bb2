import { expect, it } from 'vitest';
import { explain } from '../../sidecar/detect/explain.ts';
import { known, line, PATTERNS } from './stage.ts';

const of = (text: string, sessions = known(['loja1', 'loja2'])) => explain(line(0, text), { patterns: PATTERNS, sessions });

it('shows pattern, class and session with the rule', () => {
  expect(of('info: 2026-03-04T09:12:45.153Z State Change TIMEOUT: loja1')).toMatchObject({
    shape: 'server', said: 'State Change TIMEOUT: loja1', pattern: 'state-change', class: 'disconnect', spelled: 'loja1',
    who: { session: 'loja1', by: 'trailing-name' }, verdict: 'disconnect of loja1 (by trailing-name)',
  });
});

it('says that a bare word borrows its session', () => {
  expect(of('info: 2026-03-04T09:12:45.153Z browserClose').verdict).toBe('disconnect of nobody: it names no session; in a log it borrows the session of a line beside it');
});

it('says that a name is in no list', () => {
  expect(of('verbose:  [loja9:page] Page Closed').verdict).toBe('disconnect of "loja9", whom no list names');
});

it('names the pattern that came closest, and why it is not that', () => {
  expect(of('He wrote: State Change TIMEOUT: loja1').closest).toEqual({ pattern: 'state-change', whyNot: 'the words stand in a text line, not in a server line: they may be somebody\'s message' });
  const presence = of('{"level":"info","message":"Webhook event queued","event":"connection.update","session":{"id":"loja1"},"connection":{"status":"closed"},"raw":{"payload":{"event":"onpresencechanged"}}}');
  expect(presence).toMatchObject({ pattern: null, closest: { pattern: 'connection-closed' } });
  expect(presence.verdict).toMatch(/it wants event.*not.*onpresencechanged.*sees/);
});

it('says that an object behind somebody\'s words is not believed', () => {
  expect(of('2026-03-04T09:00:11.402Z [info]: Sending message to Zoe {"event":"connection.update","session":"loja1","state":"close"}').verdict)
    .toBe('nothing: connection-closed came closest, but the words before the object are not all the program\'s own: they may be somebody\'s name, and the object too');
});

it('says that a line is known and harmless, or holds nothing', () => {
  expect(of('http:     [loja1:client] Auto close remain: 50s')).toMatchObject({ pattern: 'auto-close-countdown', class: 'benign', verdict: 'nothing: known and harmless' });
  expect(of('hello').verdict).toBe('nothing: it holds no words any pattern looks for');
});

it('says that a libsignal line only counts with its neighbours, and never shows a number', () => {
  const explained = of('    at async 5500000000001.0 [as awaitable] (/app/node_modules/libsignal/src/session_cipher.js:171:28)', known(['26', '27'], { peers: { '5500000000001.0': '27' } }));
  expect(explained).toMatchObject({ part: 'peer', who: { session: '27', by: 'peer-address' } });
  expect(JSON.stringify(explained)).not.toContain('5500000000001');
});

it('passes the advice on', () => {
  expect(of('UPDATE {"connection":"close","statusCode":440,"message":"Stream Errored (conflict)"}', known(['loja1'])).verdict).toMatch(/logout of loja1 \(by only-session\); another process uses the same login/);
});

import { describe, expect, it } from 'vitest';
import { Owners, ownerOf } from '../../sidecar/detect/owners.ts';
import { detector, fresh, known, line, readAll } from './stage.ts';

const HEADER = 'Failed to decrypt message with any known session...';
const BAD = 'Session error:Error: Bad MAC Error: Bad MAC';
const PEER = '    at async 5500000000001.0 [as awaitable] (/app/node_modules/libsignal/src/session_cipher.js:171:28)';
const whose = (sessions: ReturnType<typeof known>, ...texts: string[]) =>
  fresh(readAll(detector(sessions), texts.map((text, i) => line(i * 0.01, text, 'box')))).at(-1)?.hit.who;

describe('whose line it is', () => {
  const two = known(['loja1', 'Padaria Sol']);
  it.each([
    ['the name in a library line', 'verbose:  [Padaria Sol:page] Page Closed', { session: 'Padaria Sol', by: 'named' }],
    ['another spelling of it', 'verbose:  [padaria-sol:page] Page Closed', { session: 'Padaria Sol', by: 'named' }],
    ['a JSON field', '{"level":30,"sessionId":"LOJA1","msg":"opened connection to WA"}', { session: 'loja1', by: 'json-field' }],
    ['the last folder of a path', 'error: The browser is already running for /usr/src/wpp-server/userDataDir/Padaria Sol. Use a different `userDataDir` or stop the running browser first.', { session: 'Padaria Sol', by: 'path' }],
    ['the name at the end', 'info: 2026-03-04T09:12:45.153Z Started Session: Padaria Sol', { session: 'Padaria Sol', by: 'trailing-name' }],
    ['a name nobody knows', 'verbose:  [loja9:page] Page Closed', { refused: 'unknown-session', spelled: 'loja9' }],
    ['nobody', 'info: 2026-03-04T09:12:45.153Z browserClose', { refused: 'not-attributed' }],
  ])('is told by %s', (_what, text, who) => {
    expect(whose(two, text)).toEqual(who);
  });

  it('is told by whatsappId=', () => {
    expect(whose(known(['26', '27']), 'ERROR [wbot] whatsappId=26 error: Invalid PreKey ID (msg 3EB0AA01)')).toEqual({ session: '26', by: 'whatsapp-id' });
  });

  it('is told by the one store that holds the peer of a libsignal stack', () => {
    expect(whose(known(['26', '27'], { peers: { '5500000000001.0': '27' } }), HEADER, BAD, PEER)).toEqual({ session: '27', by: 'peer-address' });
    expect(whose(known(['26', '27']), HEADER, BAD, PEER)).toEqual({ refused: 'not-attributed' });
  });

  it('is told by the stack a logger put into its line, hidden-number peers too', () => {
    const text = '{"level":50,"key":{"remoteJid":"5500000000001@s.whatsapp.net","id":"3EB0AA01"},"err":{"type":"PreKeyError","message":"Invalid PreKey ID","stack":"PreKeyError: Invalid PreKey ID\\n    at async 99000000000001_1.0 [as awaitable] (x)"},"msg":"failed to decrypt message"}';
    expect(whose(known(['26', '27'], { peers: { '99000000000001_1.0': '26', '5500000000001.0': '27' } }), text)).toEqual({ session: '26', by: 'peer-address' });
  });

  it.each([
    ['5500000000001@s.whatsapp.net', '5500000000001.0'], ['5500000000001:17@s.whatsapp.net', '5500000000001.17'], ['99000000000001@lid', '99000000000001_1.0'],
  ])('is told by the peer %s of a line without a stack', (jid, address) => {
    const text = `{"level":50,"key":{"remoteJid":"${jid}","id":"3EB0AA01"},"err":{"type":"PreKeyError","message":"Invalid PreKey ID"},"msg":"failed to decrypt message"}`;
    expect(whose(known(['26', '27'], { peers: { [address]: '26' } }), text)).toEqual({ session: '26', by: 'peer-address' });
  });

  it('is told by the line beside it: browserClose after a page that closed', () => {
    const [, second] = readAll(detector(two), [line(0, 'verbose:  [loja1:page] Page Closed'), line(0.1, 'info: 2026-03-04T09:12:45.153Z browserClose')]);
    expect(second!.hit.who).toEqual({ session: 'loja1', by: 'block' });
  });

  it('is not told by a line beside it that came more than two seconds before', () => {
    const readings = readAll(detector(two), [line(0, 'verbose:  [loja1:page] Page Closed'), line(2.5, 'info: 2026-03-04T09:12:45.153Z browserClose')]);
    expect(readings.at(-1)!.hit.who).toEqual({ refused: 'not-attributed' });
  });

  it('is the container\'s only session where the line names nobody', () => {
    expect(whose(known(['loja1', 'loja2'], { containers: { box: ['loja2'] } }), 'info: 2026-03-04T09:12:45.153Z browserClose')).toEqual({ session: 'loja2', by: 'only-session' });
  });

  it('is never the only session where the line names a stranger', () => {
    const one = known(['loja1']);
    expect(whose(one, 'verbose:  [loja9:page] Page Closed')).toEqual({ refused: 'unknown-session', spelled: 'loja9' });
    expect(whose(one, 'verbose:  [loja9:page] Page Closed', 'info: 2026-03-04T09:12:45.153Z browserClose')).toEqual({ refused: 'unknown-session', spelled: 'loja9' });
  });

  it('is nobody\'s when two real sessions share a spelling', () => {
    expect(whose(known(['Loja 1', 'loja-1']), 'verbose:  [loja1:page] Page Closed')).toMatchObject({ refused: 'unknown-session' });
  });

  it.each(['../..', '..', '*', '%2e%2e%2f', '__proto__', 'constructor', 'a'.repeat(5_000), 'x\u0000\u001b]0;y\u0007', '/etc/passwd', '\u202eajol', ' '])('ends at nobody for the name %j, shown short and harmless', (name) => {
    const who = whose(known(['loja1']), `verbose:  [${name}:page] Page Closed`);
    expect(who).toMatchObject({ refused: 'unknown-session' });
    const { spelled } = who as { spelled: string };
    expect(spelled.length).toBeLessThanOrEqual(80);
    // oxlint-disable-next-line no-control-regex
    expect(spelled).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  it('keeps the table of strangers small', () => {
    const owners = new Owners(5, 300_000);
    for (let i = 0; i < 3_000; i++) owners.ledger(ownerOf({ refused: 'unknown-session', spelled: `stranger${i}` }, 'box'), 'disconnect');
    owners.ledger(ownerOf({ session: 'loja1', by: 'named' }, 'box'), 'disconnect');
    expect(owners.size).toBe(501);
  });

  it('still reports the last of many strangers', () => {
    const it1 = detector(known(['loja1']));
    for (let i = 0; i < 3_000; i++) it1.read(line(i * 0.001, `verbose:  [stranger${i}:page] Page Closed`));
    const readings = [10, 20, 30, 40, 50, 60].flatMap((at) => [...it1.read(line(at, 'verbose:  [loja9:page] Page Closed'))]);
    expect(readings.at(-1)!.firing).toMatchObject({ who: { refused: 'unknown-session', spelled: 'loja9' }, count: 6 });
  });
});

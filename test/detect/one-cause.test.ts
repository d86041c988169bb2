import { describe, expect, it } from 'vitest';
import { detector, firings, fresh, known, line, readAll, told } from './stage.ts';

const CODE_21 = 'Failed to launch the browser process:  Code: 21';
const HEADER = 'Failed to decrypt message with any known session...';
const BAD = 'Session error:Error: Bad MAC Error: Bad MAC';
const USED = 'Session error:MessageCounterError: Key used already or never filled MessageCounterError: Key used already or never filled';
const peerLine = (user: string) => `    at async ${user}.0 [as awaitable] (/app/node_modules/libsignal/src/session_cipher.js:171:28)`;
const retold = (key: string, more = '"sessionId":"loja1",', message = 'No matching sessions found for message') =>
  `{"level":50,"time":1772600000000,${more}"key":{"remoteJid":"5500000000001@s.whatsapp.net","id":"${key}"},"err":{"type":"SessionError","message":"${message}"},"msg":"failed to decrypt message"}`;

const err = (seconds: number, text: string) => line(seconds, text, 'backend', 'stderr');
const out = (seconds: number, text: string) => line(seconds, text, 'backend');
const block = (seconds: number, verdicts: readonly string[]) => [err(seconds, HEADER), ...verdicts.flatMap((verdict) => [err(seconds, verdict), err(seconds, peerLine('5500000000001'))])];
const read = (lines: ReturnType<typeof line>[], sessions = known(['loja1', 'loja2'])) => readAll(detector(sessions), lines);

describe('one browser failure', () => {
  it('printed by three loggers is one hit, and it shows the locked profile', () => {
    const readings = read([
      line(0, 'error:    [loja1:browser] Error no open browser'),
      line(0, `error:    [loja1:browser] ${CODE_21}`),
      line(0.01, "[4711:4711:0304/091245.084368:ERROR:chrome/browser/process_singleton_posix.cc:367] The profile appears to be in use by another Chromium process (91) on another computer (5d0c1f7ab3e2)."),
      line(0.2, `error: 2026-03-04T09:12:45.153Z ${CODE_21}`),
      line(0.21, ` - Error: ${CODE_21}`),
    ]);
    expect(told(readings)).toEqual(['loja1 disconnect no-open-browser']);
    expect(readings.some(({ hit }) => hit.suspect)).toBe(true);
  });

  it('counts as a locked profile though another line of it came first', () => {
    const lines = [0, 40, 80, 120, 160, 200].flatMap((at) => [line(at, 'error:    [loja1:browser] Error no open browser'), line(at, `error:    [loja1:browser] ${CODE_21}`)]);
    const [firing] = firings([...read(lines), ...read([...lines, line(210, 'error:    [loja1:browser] Error no open browser')])].slice(-1));
    expect(firing?.patterns).toEqual({ 'browser-code-21': 6, 'no-open-browser': 1 });
  });

  it('of two sessions at once is one hit each, though the server\'s copies name nobody', () => {
    const readings = read([
      line(0, `error:    [loja1:browser] ${CODE_21}`), line(0, `error:    [loja2:browser] ${CODE_21}`),
      line(0.1, `error: 2026-03-04T09:12:45.153Z ${CODE_21}`), line(0.1, `error: 2026-03-04T09:12:45.153Z ${CODE_21}`),
    ]);
    expect(told(readings)).toEqual(['loja1 disconnect browser-code-21', 'loja2 disconnect browser-code-21']);
    expect(readings.map(({ hit }) => hit.who)).toEqual([
      { session: 'loja1', by: 'named' }, { session: 'loja2', by: 'named' }, { session: 'loja1', by: 'block' }, { session: 'loja2', by: 'block' },
    ]);
  });

  it('told again 2.1 s later is a second one', () => {
    expect(fresh(read([line(0, `error:    [loja1:browser] ${CODE_21}`), line(2.1, `error:    [loja1:browser] ${CODE_21}`)]))).toHaveLength(2);
  });
});

describe('one close', () => {
  it('told as Page Closed, browserClose, qrReadError and Auto Close Called is one hit', () => {
    expect(told(read([
      line(0, 'error:    [loja1:client] Failed to authenticate'), line(0.1, 'info: 2026-03-04T09:12:45.153Z qrReadError'),
      line(0.5, 'info:     [loja1:client] Auto Close Called'), line(0.6, 'info: 2026-03-04T09:12:45.153Z autocloseCalled'),
      line(1, 'verbose:  [loja1:page] Page Closed'), line(1.1, 'info: 2026-03-04T09:12:45.153Z browserClose'),
    ]))).toEqual(['loja1 disconnect qr-read-error']);
  });

  it('in the gateway\'s log and again in the wrapper\'s is one hit', () => {
    expect(told(read([
      line(0, 'verbose:  [loja1:page] Page Closed'), line(0, 'info: 2026-03-04T09:12:45.153Z browserClose'),
      line(0.4, '2026-03-04T09:12:45.553Z [info]: Received webhook event from WPPConnect {"sessionId":"Loja1","eventType":"status-find","status":"browserClose"}', 'gateway-wrapper'),
    ]))).toEqual(['loja1 disconnect page-closed']);
  });

  it('of Baileys, told by its stream, its update and its socket, is one hit', () => {
    expect(told(read([
      out(0, '{"level":50,"sessionId":"loja1","fullErrorNode":{"tag":"stream:error","attrs":{"code":"503"}},"msg":"stream errored out"}'),
      out(0, '{"level":30,"sessionId":"loja1","connection":"close","statusCode":503,"msg":"connection update"}'),
      out(0, '{"level":30,"sessionId":"loja1","trace":"Error: Stream Errored (unknown)\\n    at x","msg":"connection errored"}'),
    ]))).toEqual(['loja1 disconnect stream-errored']);
  });
});

describe('one undecryptable message', () => {
  it('with forty Bad MAC lines and the logger\'s line is one hit, keyed by its id', () => {
    const readings = read([...block(0, Array.from({ length: 40 }, () => BAD)), out(0.05, retold('3EB0AA01'))]);
    expect(told(readings)).toEqual(['loja1 corruption bad-mac']);
    expect(readings[0]!.hit.cause).toBe('key:3EB0AA01');
  });

  it('retried five times, each with a block of its own, is still one hit', () => {
    const lines = [0, 3, 9, 20, 45, 100].flatMap((at) => [...block(at, [BAD, BAD]), out(at + 0.05, retold('3EB0AA01'))]);
    const readings = read(lines);
    expect(told(readings)).toEqual(['loja1 corruption bad-mac']);
    expect(firings(readings)).toEqual([]);
  });

  it('is told whole before its retry can count: six messages fire, five messages with retries do not', () => {
    const messages = (count: number) => Array.from({ length: count }, (_, i) => [...block(i * 10, [BAD]), out(i * 10 + 0.1, retold(`3EB0AA0${i}`)), ...block(i * 10 + 4, [BAD]), out(i * 10 + 4.1, retold(`3EB0AA0${i}`))]).flat();
    expect(firings(read(messages(5)))).toEqual([]);
    expect(firings(read(messages(6)))).toMatchObject([{ class: 'corruption', who: { session: 'loja1' }, count: 6 }]);
  });

  it('delivered twice is nothing, in any number', () => {
    const lines = Array.from({ length: 60 }, (_, i) => [...block(i, [USED, USED]), out(i + 0.05, retold(`3EB0AB${i}`))]).flat();
    expect(read(lines)).toEqual([]);
  });

  it('counts when one Bad MAC stands among counter errors', () => {
    expect(told(read([...block(0, [USED, BAD, USED]), out(0.1, retold('3EB0AA01'))]))).toEqual(['loja1 corruption bad-mac']);
  });

  it('whose logger\'s line overtakes its block is one hit', () => {
    expect(told(read([out(0, retold('3EB0AA01')), ...block(0.001, [BAD, BAD])]))).toEqual(['loja1 corruption bad-mac']);
    expect(read([out(0, retold('3EB0AA01')), ...block(0.001, [USED])])).toEqual([]);
  });

  it('without a logger\'s line is one hit per block after two seconds', () => {
    const it1 = detector(known(['loja1']));
    const early = block(0, [BAD, BAD]).flatMap((one) => [...it1.read(one)]);
    expect(early).toEqual([]);
    expect(told(it1.read(out(1.9, 'anything')))).toEqual([]);
    expect(told(it1.read(out(2.1, 'anything')))).toEqual(['loja1 corruption bad-mac']);
  });

  it('is two when two ids arrive in the same millisecond, as an offline queue does', () => {
    expect(fresh(read([...block(0, [BAD]), ...block(0, [BAD]), out(0, retold('3EB0AA01')), out(0, retold('3EB0AA02'))]))).toHaveLength(2);
    expect(fresh(read([...block(0, [BAD]), out(0, retold('3EB0AA01')), ...block(0, [BAD]), out(0, retold('3EB0AA02'))]))).toHaveLength(2);
  });

  it('told by a host\'s own line as well is one hit of the session only that line names', () => {
    const readings = read([...block(0, [BAD]), out(0.01, retold('3EB0AA01', '')), out(0.02, 'ERROR [wbot] whatsappId=26 error: No matching sessions found for message (msg 3EB0AA01)')], known(['26', '27']));
    expect(told(readings)).toEqual(['not-attributed corruption bad-mac', '26 corruption bad-mac']);
    expect(readings[1]!.retracts).toBe('key:3EB0AA01');
  });

  it('delivered twice is nothing when a host\'s own line says it again', () => {
    const lines = Array.from({ length: 12 }, (_, i) => [...block(i, [USED]), out(i + 0.01, retold(`3EB0AC${i}`)), out(i + 0.02, `ERROR [wbot] whatsappId=26 error: No matching sessions found for message (msg 3EB0AC${i})`)]).flat();
    expect(read(lines, known(['26']))).toEqual([]);
  });

  it('with Invalid PreKey ID, told by Baileys and by its host, is one hit', () => {
    expect(told(read([out(0, retold('3EB0AA01', '"whatsappId":26,', 'Invalid PreKey ID')), out(0.01, 'ERROR [wbot] whatsappId=26 error: Invalid PreKey ID (msg 3EB0AA01)'), out(0.02, 'ERROR [wbot] whatsappId=26 error: Invalid PreKey ID')], known(['26', '27']))))
      .toEqual(['26 corruption signal-keys-lost']);
  });

  it('is found in blocks whose lines mix with other output', () => {
    expect(told(read([
      err(0, HEADER), out(0, 'Closing session: SessionEntry {'), err(0, BAD), out(0, '  _chains: {'),
      out(0, '      privKey: <Buffer e8 ae 10 37 70 ea c9 01>'), err(0, peerLine('5500000000001')), out(0, '}'), out(0.1, retold('3EB0AA01')),
    ]))).toEqual(['loja1 corruption bad-mac']);
  });
});

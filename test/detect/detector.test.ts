import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { detector, firings, known, line, readAll, START, told } from './stage.ts';
import { fromMs } from '../../sidecar/event-time.ts';

const timeout = (session = 'loja1') => `info: 2026-03-04T09:12:45.153Z State Change TIMEOUT: ${session}`;
const started = (session = 'loja1') => `info: 2026-03-04T09:12:45.153Z Started Session: ${session}`;
const times = (...seconds: number[]) => seconds.map((at) => line(at, timeout()));
const two = known(['loja1', 'Loja2']);

describe('the threshold', () => {
  it('five hits do nothing, the sixth fires with its patterns and lines', () => {
    const readings = readAll(detector(two), times(0, 10, 20, 30, 40, 50));
    expect(readings.map(({ firing }) => firing?.count ?? 0)).toEqual([0, 0, 0, 0, 0, 6]);
    expect(firings(readings)[0]).toMatchObject({ class: 'disconnect', who: { session: 'loja1' }, patterns: { 'state-change': 6 }, at: fromMs(START + 50_000) });
    expect(firings(readings)[0]!.evidence).toHaveLength(5);
  });

  it('six with the first exactly 300,000 ms old do nothing', () => {
    expect(firings(readAll(detector(two), times(0, 10, 20, 30, 40, 300)))).toEqual([]);
    expect(firings(readAll(detector(two), times(0, 10, 20, 30, 40, 299.999999999)))).toHaveLength(1);
  });

  it('counts each session for itself', () => {
    const lines = [0, 10, 20, 30, 40].flatMap((at) => [line(at, timeout()), line(at, timeout('Loja2'))]);
    expect(firings(readAll(detector(two), lines))).toEqual([]);
  });

  it('counts each class for itself', () => {
    const corrupt = (i: number) => line(i * 10 + 5, `{"level":50,"sessionId":"loja1","key":{"id":"3EB0${i}"},"err":{"message":"Invalid PreKey ID"},"msg":"failed to decrypt message"}`, 'backend');
    expect(firings(readAll(detector(two), [...times(0, 10, 20), corrupt(0), corrupt(1), corrupt(2)]))).toEqual([]);
  });

  it('counts the slow loop of one session over all its patterns', () => {
    const words = ['info:     [loja1:client] Session Unpaired', 'info:     [loja1:client] Auto Close Called', 'error:    [loja1:client] Failed to authenticate',
      'error: The browser is already running for /usr/src/wpp-server/userDataDir/loja1. Use a different `userDataDir` or stop the running browser first.',
      'info:     [loja1:client] Auto Close Called', 'info:     [loja1:client] Auto Close Called'];
    const [firing] = firings(readAll(detector(two), words.map((text, i) => line([0, 62, 63.5 + 2, 130, 190, 247][i]!, text))));
    expect(firing).toMatchObject({ count: 6, patterns: { 'auto-close': 3, 'session-unpaired': 1, 'qr-read-error': 1, 'browser-running': 1 } });
  });

  it('counts strangers and lines of nobody, so that they can be reported', () => {
    const nobody = [0, 10, 20, 30, 40, 50].map((at) => line(at, 'info: 2026-03-04T09:12:45.153Z browserClose'));
    expect(firings(readAll(detector(two), nobody))).toMatchObject([{ who: { refused: 'not-attributed' }, count: 6 }]);
    const stranger = [0, 10, 20, 30, 40, 50].map((at) => line(at, timeout('loja9')));
    expect(firings(readAll(detector(two), stranger))).toMatchObject([{ who: { refused: 'unknown-session', spelled: 'loja9' }, count: 6 }]);
  });
});

describe('recovery and repair', () => {
  it('a finished start spends what came before it', () => {
    const lines = [...times(0, 10, 20, 30, 40), line(45, started()), ...times(50, 60, 70, 80, 90)];
    expect(firings(readAll(detector(two), lines))).toEqual([]);
    expect(firings(readAll(detector(two), [...lines, ...times(100)]))).toHaveLength(1);
  });

  it('a late line from before a finished start counts for nothing', () => {
    expect(firings(readAll(detector(two), [line(45, started()), ...times(40, 50, 60, 70, 80, 90)]))).toEqual([]);
  });

  it('a reopened connection spends no corruption', () => {
    const corrupt = (at: number) => line(at, `{"level":50,"sessionId":"loja1","key":{"id":"3EB0${at}"},"err":{"message":"Invalid PreKey ID"},"msg":"failed to decrypt message"}`, 'backend');
    const opened = line(35, '{"level":30,"sessionId":"loja1","msg":"opened connection to WA"}', 'backend');
    expect(firings(readAll(detector(two), [...[0, 10, 20, 30].map(corrupt), opened, ...[40, 50].map(corrupt)]))).toMatchObject([{ class: 'corruption', count: 6 }]);
  });

  it('a repair that ended spends its class up to then, and nothing of others', () => {
    const it1 = detector(two);
    readAll(it1, [...times(0, 10, 20, 30, 40), ...[0, 10, 20].map((at) => line(at, timeout('Loja2')))]);
    it1.clear('loja1', 'disconnect');
    expect(it1.look('loja1', START + 60_000).disconnect).toBe(0);
    expect(it1.look('Loja2', START + 60_000).disconnect).toBe(3);
    expect(firings(readAll(it1, times(35, 60)))).toEqual([]);
    expect(it1.look('loja1', START + 60_000).disconnect).toBe(1);
  });

  it('an unlinking on the phone is a logout and takes the closes around it with it', () => {
    const it1 = detector(two);
    const readings = readAll(it1, [line(0, 'info: 2026-03-04T09:12:45.153Z State Change UNPAIRED: loja1'), line(0.1, 'info:     [loja1:client] Session Unpaired'), line(1, 'info: 2026-03-04T09:12:45.153Z disconnectedMobile')]);
    expect(told(readings)).toEqual(['loja1 disconnect state-change', 'loja1 logout unlinked']);
    expect(readings.at(-1)!.hit.advice).toMatch(/QR/);
    expect(it1.look('loja1', START + 2_000)).toMatchObject({ disconnect: 0, loggedOutSince: fromMs(START + 1_000) });
    it1.read(line(60, started()));
    expect(it1.look('loja1', START + 61_000).loggedOutSince).toBeNull();
  });
});

describe('what is known of a session', () => {
  it('is its fill, its last sign of life and the newest of each kind of event', () => {
    const it1 = detector(two);
    const webhook = (at: number, event: string, name = 'LOJA2') => line(at, `2026-03-04T09:00:00.402Z [info]: Received webhook event from WPPConnect {"sessionId":"${name}","eventType":"${event}","correlationId":"6f-0e"}`, 'gateway-wrapper');
    expect(readAll(it1, [webhook(0, 'onmessage'), webhook(5, 'onpresencechanged'), webhook(3, 'onack'), webhook(9, 'status-find'), webhook(20, 'onack', 'stranger')])).toEqual([]);
    expect(it1.look('Loja2', START)).toMatchObject({
      lastActivity: fromMs(START + 5_000),
      activity: { onmessage: fromMs(START), onpresencechanged: fromMs(START + 5_000), onack: fromMs(START + 3_000) },
    });
    expect(Object.keys(it1.look('Loja2', START).activity)).toHaveLength(3);
    expect(it1.look('loja1', START).lastActivity).toBeNull();
  });

  it('is the same for a JSON webhook line with its fields in another order', () => {
    const it1 = detector(two);
    it1.read(line(4, '{"timestamp":"x","eventType":"onmessage","sessionId":"loja1","message":"Received webhook event from WPPConnect","level":"info"}', 'gateway-wrapper'));
    expect(it1.look('loja1', START).activity).toEqual({ onmessage: fromMs(START + 4_000) });
  });

  it('knows a session that the lists name only now', () => {
    const names = ['loja1'];
    const it1 = detector({ ...known(names), resolve: (spelled) => names.find((name) => name === spelled) ?? null });
    const webhook = line(0, '2026-03-04T09:00:00.402Z [info]: Received webhook event from WPPConnect {"sessionId":"new","eventType":"onack"}', 'gateway-wrapper');
    it1.read(webhook);
    names.push('new');
    it1.tick(START);
    it1.read(webhook);
    expect(it1.look('new', START).lastActivity).toBe(fromMs(START));
  });
});

describe('a restart of the sidecar', () => {
  it('rebuilds windows from stored hits: fires nothing by itself, and on the next hit', () => {
    const stored = readAll(detector(two), times(0, 10, 20, 30, 40)).map(({ hit }) => hit);
    const it1 = detector(two);
    it1.restore([...stored].reverse());
    expect(it1.look('loja1', START + 41_000).disconnect).toBe(5);
    expect(firings(readAll(it1, times(50)))).toMatchObject([{ count: 6 }]);
  });

  it('counts no cause again that was counted before', () => {
    const corrupt = line(0, '{"level":50,"sessionId":"loja1","key":{"id":"3EB0AA01"},"err":{"message":"Invalid PreKey ID"},"msg":"failed to decrypt message"}', 'backend');
    const it1 = detector(two);
    it1.restore(readAll(detector(two), [corrupt, ...times(0)]).map(({ hit }) => hit));
    expect(readAll(it1, [{ ...corrupt, ts: line(30, '').ts }, ...times(1)]).map(({ fresh }) => fresh)).toEqual([false, false]);
  });

  it('remembers recoveries among the stored hits', () => {
    const stored = readAll(detector(two), [...times(0, 10, 20, 30, 40), line(45, started())]).map(({ hit }) => hit);
    const it1 = detector(two);
    it1.restore(stored);
    expect(it1.look('loja1', START + 46_000).disconnect).toBe(0);
  });
});

describe('two containers, one of which is read late', () => {
  const late = (from: number, verdict: string, logged: string | null = null) => [0, 1, 2, 3, 4, 5].flatMap((n) => [
    line(from + n * 10, 'Failed to decrypt message with any known session...', 'backend', 'stderr'),
    line(from + n * 10, `Session error:${verdict}`, 'backend', 'stderr'),
    ...(logged === null ? [] : [line(from + n * 10, logged.replace('{n}', String(n)), 'backend')]),
  ]);
  const sessions = known(['26', 'loja1'], { containers: { backend: ['26'], 'wppconnect-server': ['loja1'] } });

  it('undecryptable messages of a backlog count, though the other container is an hour further', () => {
    const it1 = detector(sessions);
    it1.read(line(3_600, 'info:     [loja1:browser] Initializing browser...'));
    expect(firings(readAll(it1, late(0, 'Error: Bad MAC Error: Bad MAC')))).toHaveLength(1);
  });

  it('duplicate deliveries of a backlog stay harmless', () => {
    const it1 = detector(sessions);
    it1.read(line(3_600, 'info:     [loja1:browser] Initializing browser...'));
    const logged = '{"level":50,"sessionId":"26","key":{"id":"3EB0AA{n}"},"err":{"message":"No matching sessions found for message"},"msg":"failed to decrypt message"}';
    expect(told(readAll(it1, late(0, 'MessageCounterError: Key used already or never filled', logged)))).toEqual([]);
  });

  it('a backlog block whose lines come in two pieces is one message, whatever the clock says', () => {
    const it1 = detector(sessions);
    it1.read(line(0, 'Failed to decrypt message with any known session...', 'backend', 'stderr'));
    expect(it1.tick(START + 3_600_000)).toEqual([]);
    it1.read(line(0, 'Session error:Error: Bad MAC Error: Bad MAC', 'backend', 'stderr'));
    expect(told(it1.flush())).toEqual(['26 corruption bad-mac']);
  });
});

describe('two containers of one service', () => {
  const from = (id: string, one: ReturnType<typeof line>) => ({ ...one, containerId: id });

  it('print their undecryptable messages at the same moment: each is read by itself', () => {
    const it1 = detector(known(['26', '27'], { peers: { '5500000000001.0': '26', '5500000000002.0': '27' } }));
    const header = line(0, 'Failed to decrypt message with any known session...', 'backend', 'stderr');
    const peer = (n: number) => line(0, `    at async 550000000000${n}.0 [as awaitable] (/app/node_modules/libsignal/src/session_cipher.js:171:28)`, 'backend', 'stderr');
    const bad = line(0, 'Session error:Error: Bad MAC Error: Bad MAC', 'backend', 'stderr');
    const used = line(0, 'Session error:MessageCounterError: Key used already or never filled', 'backend', 'stderr');
    expect(told(readAll(it1, [from('a', header), from('b', header), from('a', bad), from('b', used), from('a', peer(1)), from('b', peer(2))]))).toEqual(['26 corruption bad-mac']);
  });

  it('a bare word of one does not borrow the session of a line of the other', () => {
    const it1 = detector(known(['loja1', 'loja2']));
    const found = readAll(it1, [from('a', line(0, 'verbose:  [loja1:page] Page Closed')), from('b', line(1, 'info: 2026-03-04T09:00:01.153Z browserClose'))]);
    expect(told(found)).toEqual(['loja1 disconnect page-closed', 'not-attributed disconnect browser-closed']);
  });
});

describe('the clock', () => {
  it('that ran an hour ahead for a moment does not split undecryptable messages', () => {
    const it1 = detector(known(['26']));
    it1.read(line(3_600, 'any line', 'backend'));
    it1.tick(START + 1_000);
    const used = [0, 1, 2, 3, 4, 5, 6].flatMap((n) => [
      line(n * 10, 'Failed to decrypt message with any known session...', 'backend', 'stderr'),
      line(n * 10, 'Session error:MessageCounterError: Key used already or never filled', 'backend', 'stderr'),
      line(n * 10, `{"level":50,"sessionId":"26","key":{"id":"3EB0AA0${n}"},"err":{"message":"No matching sessions found for message"},"msg":"failed to decrypt message"}`, 'backend'),
    ]);
    expect(told(readAll(it1, used))).toEqual([]);
  });

  it('that ran a day ahead leaves no sign of life behind that a dead session would live on', () => {
    const it1 = detector(two);
    const webhook = (seconds: number) => line(seconds, '2026-03-04T09:00:00.402Z [info]: Received webhook event from WPPConnect {"sessionId":"loja1","eventType":"onmessage"}', 'gateway-wrapper');
    it1.read(webhook(86_400));
    it1.tick(START + 1_000);
    expect(it1.look('loja1', START).lastActivity).toBeNull();
    it1.read(webhook(5));
    expect(it1.look('loja1', START).activity).toEqual({ onmessage: fromMs(START + 5_000) });
  });

  it('that ran a day ahead does not hide a log-out behind a start that was stamped then', () => {
    const it1 = detector(two);
    readAll(it1, [line(86_400, started())]);
    it1.tick(START + 1_000);
    readAll(it1, [line(10, 'info:     [loja1:client] Session Unpaired'), line(10.1, 'info: 2026-03-04T09:00:10.153Z disconnectedMobile')]);
    expect(it1.look('loja1', START + 11_000).loggedOutSince).toBe(fromMs(START + 10_100));
  });

  it('settles what is provisional though no line comes any more', () => {
    const it1 = detector(known(['26']));
    it1.read(line(0, 'Failed to decrypt message with any known session...', 'backend', 'stderr'));
    it1.read(line(0, 'Session error:Error: Bad MAC Error: Bad MAC', 'backend', 'stderr'));
    expect(it1.tick(START + 1_000)).toEqual([]);
    expect(it1.tick(START + 2_000)).toEqual([]);
    expect(told(it1.tick(START + 3_000))).toEqual(['26 corruption bad-mac']);
  });

  it('that ran a day ahead for a moment does not silence a session', () => {
    const it1 = detector(two);
    readAll(it1, times(86_400));
    it1.tick(START + 1_000);
    expect(firings(readAll(it1, times(10, 20, 30, 40, 50, 60)))).toHaveLength(1);
  });

  it('of other containers does not matter: hits older than their window fire nothing that is over', () => {
    const it1 = detector(two);
    readAll(it1, times(0, 10, 20, 30, 40, 4_000));
    expect(firings(readAll(it1, times(15)))).toEqual([]);
  });
});

describe('start-up words', () => {
  const opening = 'info: 2026-03-04T09:12:45.153Z State Change OPENING: loja1';
  it('are nothing while a session starts or when nothing is known of it', () => {
    expect(readAll(detector(two), [line(0, opening), line(10, 'info:     [loja1:browser] Initializing browser...'), line(20, opening)])).toEqual([]);
  });
  it('are a hit on a session that has started', () => {
    expect(told(readAll(detector(two), [line(0, started()), line(60, opening)]))).toEqual(['loja1 recovery session-started', 'loja1 disconnect state-change-back']);
  });
  it('show where a start stands, by the newest line that tells', () => {
    const it1 = detector(two);
    readAll(it1, [line(5, started()), line(0, 'info:     [loja1:browser] Initializing browser...')]);
    expect(it1.look('loja1', START)).toMatchObject({ phase: 'started', phaseSince: fromMs(START + 5_000) });
    readAll(it1, [line(9, 'verbose:  [loja1:page] Page Closed')]);
    expect(it1.look('loja1', START)).toMatchObject({ phase: 'closed', phaseSince: fromMs(START + 9_000) });
  });
});

it('what is kept of lines does not keep the chunks they were cut from', () => {
  const it1 = detector(known(Array.from({ length: 400 }, (_, i) => `a-rather-long-session-name-${i}`)));
  const chunkOf = (i: number) => {
    const chunk = `${line(i, '').ts} 2026-03-04T09:00:00.402Z [info]: Received webhook event from WPPConnect {"sessionId":"a-rather-long-session-name-${i}","eventType":"onpresencechanged"}\n${'x'.repeat(250_000)}${i}`;
    return Buffer.from(chunk).toString();
  };
  setFlagsFromString('--expose-gc');
  const heapUsed = () => {
    runInNewContext('gc')();
    return process.memoryUsage().heapUsed;
  };
  const before = heapUsed();
  for (let i = 0; i < 400; i++) {
    const chunk = chunkOf(i);
    it1.read({ ...line(i, chunk.slice(31, chunk.indexOf('\n'))), ts: chunk.slice(0, 30), container: 'gateway-wrapper' });
    const hit = Buffer.from(`${'y'.repeat(250_000)}error: 2026-03-04T09:12:45.153Z State Change TIMEOUT: a-rather-long-session-name-${i}`).toString().slice(250_000);
    it1.read(line(i, hit.replace('error', 'info')));
    it1.read(line(i, hit));
  }
  expect(it1.look('a-rather-long-session-name-7', START).lastActivity).not.toBeNull();
  // 200 MB went through; with one chunk held per session this would be more than 100 MB.
  expect(heapUsed() - before).toBeLessThan(20_000_000);
});

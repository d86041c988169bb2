import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { fromMs } from '../../sidecar/event-time.ts';
import { StatusBook } from '../../sidecar/health/status-book.ts';
import type { TrueStatus } from '../../sidecar/report/house.ts';
import { clean } from '../../sidecar/watch/clean.ts';
import type { LogLine } from '../../sidecar/words.ts';
import { detector, known, START, tsOf } from '../detect/stage.ts';
import { WrapperLog } from '../lab/stand-ins/wrapper-log.ts';
import { WppLog } from '../lab/stand-ins/wppconnect-log.ts';

const SESSIONS = Array.from({ length: 1000 }, (_, i) => `loja${i}`);
const EVENTS = 12_000;

/** A session as it really is, and what wppconnect-server says of it. */
interface Truth {
  status: TrueStatus;
  since: number;
  /** The write-once flag: it outlives the browser. */
  word: 'CLOSED' | 'INITIALIZING' | 'QRCODE' | 'CONNECTED';
  pageAnswers: boolean;
}

/** The wrapper's own mapping, with its mistake: `disconnected` holds `connected`. */
const wrapperSays = ({ word, pageAnswers }: Truth): string => {
  if (word === 'QRCODE') return 'qr_required';
  if (word === 'INITIALIZING') return 'initializing';
  return (pageAnswers ? 'Connected' : 'Disconnected').toLowerCase().includes('connected') ? 'connected' : 'unknown';
};

/** A seeded history of a thousand sessions, printed as the two programs print it, and looked at here and there. */
class History {
  readonly truths = new Map(SESSIONS.map((name): [string, Truth] => [name, { status: 'unknown', since: 0, word: 'CLOSED', pageAnswers: false }]));
  readonly detector = detector(known(SESSIONS));
  readonly book = new StatusBook((name) => this.detector.look(name, this.now));
  now = START;
  #seed = 42;
  readonly #wpp = new WppLog(this.#lines('wppconnect-server'), () => this.now);
  readonly #wrapper = new WrapperLog(this.#lines('gateway-wrapper'), 'text', () => this.now);

  run(): void {
    for (const name of SESSIONS) this.#start(name);
    for (let i = 0; i < EVENTS; i++) {
      this.now += 6_000; // one cause of a container is told apart from the next
      const name = SESSIONS[this.#roll(SESSIONS.length)]!;
      const truth = this.truths.get(name)!;
      const happenings = truth.status === 'connected'
        ? [() => this.#message(name), () => this.#presence(name), () => this.#presence(name), () => this.#close(name), () => this.#browserDies(name), () => this.#unlink(name), () => this.#freeze(name)]
        : [() => this.#start(name), () => this.#start(name), () => this.#latePresence(name), () => this.#qr(name)];
      happenings[this.#roll(happenings.length)]!();
    }
  }

  #start(name: string): void {
    const truth = this.truths.get(name)!;
    this.#wpp.openingBrowser(name);
    this.#is(name, 'initializing', { word: 'INITIALIZING', pageAnswers: false });
    if (this.#roll(20) === 0) return; // stuck for ever
    this.now += 4_000;
    if (truth.status === 'unpaired' || this.#roll(15) === 0) return this.#qr(name);
    this.#wpp.loggedIn(name);
    this.#is(name, 'connected', { word: 'CONNECTED', pageAnswers: true });
  }

  /** It waits for a scan; only a look can tell. */
  #qr(name: string): void {
    this.now += 1_000;
    this.#is(name, 'qr_required', { word: 'QRCODE', pageAnswers: true });
    this.book.looked(name, { probe: 'qr', saw: 'status QRCODE' }, this.now);
  }

  #message(name: string): void {
    this.#event(name, 'onmessage');
  }

  #presence(name: string): void {
    for (let i = 0; i < 3; i++) this.#contactGoes(name);
  }

  /** What was queued when the session went down comes out afterwards, and says `unavailable`. */
  #latePresence(name: string): void {
    this.#contactGoes(name);
  }

  #close(name: string): void {
    this.#wpp.pageClosed(name);
    this.#is(name, 'disconnected', { word: 'CLOSED', pageAnswers: false });
  }

  /** The flag stays CONNECTED. */
  #browserDies(name: string): void {
    this.#wpp.pageClosed(name);
    this.#is(name, 'disconnected', { word: 'CONNECTED', pageAnswers: false });
  }

  #unlink(name: string): void {
    this.#wpp.server('info', `State Change UNPAIRED: ${name}`);
    this.#wpp.library('info', name, 'client', 'Session Unpaired');
    this.#wpp.word('disconnectedMobile');
    this.#is(name, 'unpaired', { word: 'CLOSED', pageAnswers: false });
    this.#wpp.pageClosed(name);
  }

  /** Nothing is printed; a health round finds it. */
  #freeze(name: string): void {
    this.now += 1_000;
    this.#is(name, 'disconnected', { word: 'CONNECTED', pageAnswers: false });
    this.book.looked(name, { probe: 'zombie', saw: 'status CONNECTED, check-connection did not answer' }, this.now);
  }

  #event(name: string, eventType: string): void {
    this.#wrapper.write('info', 'Received webhook event from WPPConnect', { sessionId: name, eventType, correlationId: '6f0e' });
  }

  #contactGoes(name: string): void {
    this.#event(name, 'onpresencechanged');
    this.#wrapper.write('info', 'Webhook event transformed', {
      event: 'connection.update', session: { id: name }, connection: { status: 'unavailable' },
      raw: { provider: 'wppconnect', payload: { event: 'onpresencechanged', session: name, id: '5500000000001@c.us', isOnline: false } },
    });
  }

  #is(name: string, status: TrueStatus, rest: Pick<Truth, 'word' | 'pageAnswers'>): void {
    const truth = this.truths.get(name)!;
    // Unlinked on the phone: until it is linked again no close or start makes it anything better.
    if (truth.status !== status) this.truths.set(name, { status, since: this.now, ...rest });
    else Object.assign(truth, rest);
  }

  #lines(container: string): Writable {
    return new Writable({
      decodeStrings: false,
      write: (text: string, _, done) => {
        for (const one of String(text).split('\n')) this.#read({ container, containerId: '', stream: 'stdout', ts: tsOf(fromMs(this.now)), text: clean(one), skippedBytes: 0 });
        done();
      },
    });
  }

  #read(line: LogLine): void {
    for (const { hit, fresh } of this.detector.read(line)) if (fresh) this.book.heard(hit);
  }

  #roll(sides: number): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#seed / 2 ** 32) * sides);
  }
}

it('the channel list is right for a thousand sessions where the wrapper\'s own list is wrong', () => {
  const history = new History();
  history.run();
  const wrong: string[] = [];
  let wrapperWrong = 0;
  for (const [name, truth] of history.truths) {
    const { status, since } = history.book.of(name);
    if (status !== truth.status || since !== truth.since) wrong.push(`${name}: ${status} since ${since}, in truth ${truth.status} since ${truth.since}`);
    if (wrapperSays(truth) !== truth.status) wrapperWrong++;
  }
  expect(wrong).toEqual([]);
  expect(wrapperWrong).toBeGreaterThan(200);
  const kinds = new Set([...history.truths.values()].map(({ status }) => status));
  expect([...kinds].toSorted()).toEqual(['connected', 'disconnected', 'initializing', 'qr_required', 'unpaired']);
});

import { randomBytes } from 'node:crypto';
import { Browser, browsersOn } from './chromium.ts';
import type { ChromiumProfile } from './chromium-profile.ts';
import type { WppLog } from './wppconnect-log.ts';

/** How a start ends. `fails`: the page refuses the login. `stuck`: no network, INITIALIZING for ever. `zombie`: `Started Session`, dead behind it. `short-lived`: closes by itself soon after. */
export type StartFault = 'none' | 'stuck' | 'fails' | 'zombie' | 'short-lived';
export type WppStatus = 'INITIALIZING' | 'QRCODE' | 'CONNECTED' | null;

/** Real durations, shortened by tests. All in milliseconds. */
export interface Pace {
  /** From the browser's start to `Started Session`; 3-60 s on a real host. */
  startMs: number;
  /** How long a QR code waits for its human before Auto Close; 60 s on a real host. */
  qrWaitMs: number;
  /** How long a `short-lived` session lasts. */
  shortLifeMs: number;
}

/** The phones and what they are linked to: WhatsApp's side of the login, outside everything a repair can touch. */
export interface Phones {
  isLinked(session: string, token: string): boolean;
  link(session: string, token: string): void;
  unlink(session: string): void;
}

export interface SessionParts {
  name: string;
  /** This machine's name as Chromium writes it into locks. */
  host: string;
  profile: ChromiumProfile;
  log: WppLog;
  phones: Phones;
  pace: Pace;
  now: () => number;
  /** Posts a webhook for this session. */
  post: (event: string, body?: Record<string, unknown>) => void;
}

/** The auto-close countdown prints eleven lines: 55 s to 5 s. */
const COUNTDOWN = Array.from({ length: 11 }, (_, i) => 55 - i * 5);

/** One session of the server: a status that lies, a browser that is real. */
export class WppSession {
  readonly parts: SessionParts;
  status: WppStatus = null;
  qr: string | null = null;
  startFault: StartFault = 'none';
  phoneOnline = true;
  /** A look at the session this soon after its start unpairs it (wppconnect-server issue 1170); 0: it is robust. */
  fragileMs = 0;
  starts = 0;
  connectedSince: string | null = null;
  browser: Browser | null = null;
  /** The page answers nothing any more; the status does not notice. */
  pageDead = false;
  /** The login as the live browser has it in memory. */
  #heldLogin: string | null = null;
  #startedAt = 0;
  #run = 0;
  #timers = new Set<NodeJS.Timeout>();

  constructor(parts: SessionParts) {
    this.parts = parts;
  }

  /** No-op unless the session is free, as the real route. */
  start(): void {
    if (this.status !== null) return;
    const { name, host, profile, log } = this.parts;
    this.starts++;
    this.#startedAt = this.parts.now();
    const run = ++this.#run;
    this.status = 'INITIALIZING';
    this.pageDead = false;
    log.openingBrowser(name);
    const opened = Browser.launch(profile, host, () => this.#browserEnded(run));
    if (opened === 'already-running') return log.alreadyRunning(name, profile.dir);
    if (!(opened instanceof Browser)) return log.lockedProfile(name, opened.lockedBy, process.pid);
    this.browser = opened;
    log.browserOpen(name);
    if (this.startFault !== 'stuck') this.#later(run, this.parts.pace.startMs, () => this.#pageReady(run));
  }

  #pageReady(run: number): void {
    const { name, profile, log, phones } = this.parts;
    log.pageLoaded(name);
    const token = profile.login();
    this.#heldLogin = token;
    if (profile.isCorrupt() || this.startFault === 'fails') return void this.#giveUp();
    if (token === null || !phones.isLinked(name, token)) return this.#askForScan(run);
    this.#connected(run);
  }

  #connected(run: number): void {
    const { name, log, now, pace, post } = this.parts;
    this.status = 'CONNECTED';
    this.qr = null;
    this.connectedSince = new Date(now()).toISOString();
    log.loggedIn(name);
    post('status-find', { status: 'inChat' });
    if (this.startFault === 'zombie') this.pageDead = true;
    if (this.startFault === 'short-lived') this.#later(run, pace.shortLifeMs, () => void this.killBrowser());
  }

  #askForScan(run: number): void {
    const { name, log, pace, post } = this.parts;
    this.status = 'QRCODE';
    this.qr = `2@${randomBytes(24).toString('base64')}`;
    log.library('http', name, 'client', 'Waiting for QRCode Scan...');
    log.word('notLogged');
    log.library('info', name, 'client', 'Auto close configured to 60s');
    post('qrcode', { urlcode: this.qr });
    COUNTDOWN.forEach((left) => this.#later(run, (pace.qrWaitMs * (60 - left)) / 60, () => log.library('http', name, 'client', `Auto close remain: ${left}s`)));
    this.#later(run, pace.qrWaitMs, () => {
      log.library('info', name, 'client', 'Auto Close Called');
      log.word('autocloseCalled');
      void this.#giveUp();
    });
  }

  async #giveUp(): Promise<void> {
    const { name, log, post } = this.parts;
    log.library('error', name, 'client', 'Failed to authenticate');
    log.word('qrReadError');
    post('status-find', { status: 'qrReadError' });
    await this.#end();
    log.pageClosed(name);
  }

  /** What a status or connection request does to a fragile session. */
  async lookedAt(): Promise<void> {
    if (this.status !== null && this.parts.now() - this.#startedAt < this.fragileMs) await this.unlinkOnPhone();
  }

  /** True: closed in order. False: there was no client to close; the slot is free all the same, and a browser that got stuck lives on. */
  async close(): Promise<boolean> {
    const { name, log, post } = this.parts;
    if (this.status === 'INITIALIZING') {
      this.#free();
      this.browser = null;
      return false;
    }
    if (this.status === null) return true;
    const wasOpen = this.browser !== null && !this.browser.isGone;
    await this.#end();
    if (wasOpen) log.pageClosed(name);
    post('closesession');
    return true;
  }

  /** The human scans: WhatsApp links this profile and the login is written. False when no QR is shown. */
  scan(): boolean {
    if (this.status !== 'QRCODE') return false;
    const token = randomBytes(12).toString('hex');
    this.parts.phones.link(this.parts.name, token);
    this.parts.profile.writeLogin(token);
    this.#heldLogin = token;
    this.#cancelTimers();
    this.parts.log.word('qrReadSuccess');
    this.#connected(this.#run);
    return true;
  }

  /** The owner removes this device on the phone: the page drops the login and asks for a scan that nobody makes. */
  async unlinkOnPhone(): Promise<void> {
    const { name, profile, log, phones, post } = this.parts;
    phones.unlink(name);
    profile.removeLogin();
    this.#heldLogin = null;
    log.server('info', `State Change UNPAIRED: ${name}`);
    log.library('info', name, 'client', 'Session Unpaired');
    log.word('disconnectedMobile');
    post('status-find', { status: 'disconnectedMobile' });
    await this.#end();
    log.pageClosed(name);
  }

  /** The browser dies; `CONNECTED` survives it. */
  async killBrowser(): Promise<void> {
    if (!this.browser || this.browser.isGone) return;
    await this.browser.kill();
  }

  /** The server forgets the session while its browser lives on, lock and all. */
  orphanBrowser(): void {
    this.#free();
    this.browser = null;
  }

  /** Ends everything without cleaning up, as when the container is killed. Browsers that nobody remembers end too. */
  async abandon(): Promise<void> {
    this.#free();
    await this.browser?.kill();
    for (const pid of browsersOn(this.parts.profile.dir)) endForgotten(pid);
  }

  /** A clean close writes the databases and removes the locks; a browser that is already dead does neither. */
  async #end(): Promise<void> {
    const { browser } = this;
    const { profile } = this.parts;
    this.browser = null;
    this.#free();
    if (!browser || browser.isGone) return;
    if (profile.login() !== this.#heldLogin) profile.corrupt('login'); // somebody wrote below a live browser
    await browser.kill();
    profile.unlock();
  }

  #browserEnded(run: number): void {
    if (run !== this.#run || this.browser === null) return; // a close of ours, or nobody's browser any more
    this.pageDead = false; // a dead browser answers: with an error
    this.parts.log.pageClosed(this.parts.name);
    this.parts.post('status-find', { status: 'browserClose' });
  }

  #free(): void {
    this.#run++;
    this.status = null;
    this.qr = null;
    this.connectedSince = null;
    this.#cancelTimers();
  }

  #cancelTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Runs `then` later unless the session was closed, restarted or lost its browser meanwhile. */
  #later(run: number, ms: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (run === this.#run && this.browser !== null && !this.browser.isGone) then();
    }, ms);
    this.#timers.add(timer);
  }
}

function endForgotten(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ended by itself meanwhile
  }
}

import type { Writable } from 'node:stream';

type Level = 'error' | 'warn' | 'info' | 'http' | 'verbose' | 'debug';
type Speaker = 'client' | 'browser' | 'page' | 'session';

const COLOUR: Record<Level, number> = { error: 31, warn: 33, info: 32, http: 32, verbose: 36, debug: 34 };
/** The library's logger pads `level:` to the longest level, `verbose`, and two blanks. */
const LIBRARY_COLUMN = 'verbose:  '.length;

const coloured = (level: Level): string => `\x1b[${COLOUR[level]}m${level}\x1b[39m`;

/** A stack as the real process prints it; only its shape matters. */
const stack = (...frames: string[]): string => frames.map((frame) => `\n    at ${frame}`).join('');

const CLOSE_STACK = stack('closeSession (/usr/src/wpp-server/src/controller/sessionController.ts:264:24)', 'Layer.handle [as handle_request] (/usr/src/wpp-server/node_modules/express/lib/router/layer.js:95:5)', 'next (/usr/src/wpp-server/node_modules/express/lib/router/route.js:149:13)');
const LAUNCH_STACK = stack('ChromeLauncher.launch (/usr/src/wpp-server/node_modules/puppeteer-core/src/node/BrowserLauncher.ts:250:15)', 'async initBrowser (/usr/src/wpp-server/node_modules/@wppconnect-team/wppconnect/dist/controllers/browser.js:286:19)', 'async CreateSessionUtil.opendata (/usr/src/wpp-server/src/util/createSessionUtil.ts:164:5)');
const EXIT_STACK = stack('ChildProcess.onClose (/usr/src/wpp-server/node_modules/@puppeteer/browsers/src/launch.ts:537:11)', 'ChildProcess.emit (node:events:536:35)');

/** What wppconnect-server 2.10 prints, byte for byte in shape: two loggers, colours without a TTY, blank lines, copies. */
export class WppLog {
  readonly #out: Writable;
  readonly #now: () => number;

  constructor(out: Writable, now: () => number) {
    this.#out = out;
    this.#now = now;
  }

  raw(text: string): void {
    this.#out.write(`${text}\n`);
  }

  /** The library's logger: padded level, `[session:speaker]`, no time. */
  library(level: Level, session: string, speaker: Speaker, text: string): void {
    this.raw(`${coloured(level)}:${' '.repeat(LIBRARY_COLUMN - level.length - 1)}[${session}:${speaker}] ${text}`);
  }

  /** The server's logger: level, ISO time, text. */
  server(level: Level, text: string): void {
    this.raw(`${coloured(level)}: ${new Date(this.#now()).toISOString()} ${text}`);
  }

  /** A bare status word: no session, two blank lines behind it. */
  word(word: string): void {
    this.server('info', `${word}\n\n`);
  }

  boot(port: number): void {
    this.server('info', `Server is running on port: ${port}`);
    this.server('info', `\x1b[31m Visit http://127.0.0.1:${port}/api-docs for Swagger docs`);
    this.server('info', 'WPPConnect-Server version: 2.10.4');
    this.raw(`${coloured('info')}:     Checking for updates`);
    this.raw(`${coloured('info')}:     You're up to date`);
  }

  /** Code 21: the profile is locked by another host. One failure, told three times. */
  lockedProfile(session: string, holder: { host: string; pid: number }, ownPid: number): void {
    const stamp = new Date(this.#now()).toISOString().replace(/^\d+-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z$/, '$1$2/$3$4$5.$6000');
    const failure = `Failed to launch the browser process:  Code: 21\n\nstderr:\n[${ownPid}:${ownPid}:${stamp}:ERROR:chrome/browser/process_singleton_posix.cc:367] The profile appears to be in use by another Chromium process (${holder.pid}) on another computer (${holder.host}). Chromium has locked the profile so that it doesn't get corrupted. If you are sure no other processes are using this profile, you can unlock the profile and relaunch Chromium.\nError: Can't open display: \n\nTROUBLESHOOTING: https://pptr.dev/troubleshooting\n`;
    this.library('error', session, 'browser', 'Error no open browser');
    this.library('error', session, 'browser', failure);
    this.server('error', `${failure} - Error: ${failure}${EXIT_STACK}`);
  }

  /** An orphan browser holds the profile. One failure, told three times. */
  alreadyRunning(session: string, userDataDir: string): void {
    const failure = `The browser is already running for ${userDataDir}. Use a different \`userDataDir\` or stop the running browser first.`;
    this.library('error', session, 'browser', 'Error no open browser');
    this.library('error', session, 'browser', failure);
    this.server('error', `${failure} - Error: ${failure}${LAUNCH_STACK}`);
  }

  /** Any close, wanted or not. */
  pageClosed(session: string): void {
    this.library('verbose', session, 'page', 'Page Closed');
    this.word('browserClose');
  }

  closeFailed(): void {
    const failure = 'req.client.close is not a function';
    this.server('error', `${failure} - TypeError: ${failure}${CLOSE_STACK}`);
  }

  openingBrowser(session: string): void {
    this.library('info', session, 'browser', `Using browser folder './userDataDir/${session}'`);
    this.library('info', session, 'browser', 'Initializing browser...');
  }

  browserOpen(session: string): void {
    this.library('http', session, 'browser', 'checking headless...');
    this.library('http', session, 'browser', 'headless option is active, browser hidden');
    this.library('info', session, 'client', 'Initializing...');
    this.library('verbose', session, 'client', 'Setting WhatsApp WEB version to 2.3000.10412x');
    this.library('error', session, 'client', 'Version not available for 2.3000.10412x, using latest as fallback');
    this.library('verbose', session, 'client', 'Loading WhatsApp WEB');
  }

  pageLoaded(session: string): void {
    this.library('verbose', session, 'page', 'Page loaded');
    this.library('verbose', session, 'client', 'Injecting wapi.js');
    this.library('verbose', session, 'client', 'WhatsApp WEB loaded');
    this.library('verbose', session, 'client', 'wapi.js injected');
    this.library('http', session, 'client', 'Waiting page load');
    this.library('http', session, 'client', 'Checking is logged...');
  }

  loggedIn(session: string): void {
    this.library('http', session, 'client', 'Connected');
    this.word('inChat');
    for (const event of ['onMessage', 'onAnyMessage', 'onAck', 'onStateChange', 'onPresenceChanged', 'onUpdateLabel']) {
      this.library('debug', session, 'client', `Exposing ${event} function`);
    }
    this.library('info', session, 'client', 'Auto close configured to 60s');
    this.library('http', session, 'client', 'Authenticated');
    this.word('isLogged');
    this.library('http', session, 'client', 'Checking phone is connected...');
    this.server('info', `Started Session: ${session}`);
    this.library('debug', session, 'client', 'Registering onStateChange event');
    this.library('debug', session, 'client', 'Registering onMessage event');
  }
}

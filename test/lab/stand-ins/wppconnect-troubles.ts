import type { WppLog } from './wppconnect-log.ts';

/** Lines of trouble by name, each printed as the real program prints it. `dir` is the session's profile folder. */
export const TROUBLES: Record<string, (log: WppLog, session: string, dir: string) => void> = {
  'session-unpaired': (log, session) => log.library('info', session, 'client', 'Session Unpaired'),
  'auto-close': (log, session) => {
    log.library('info', session, 'client', 'Auto Close Called');
    log.word('autocloseCalled');
  },
  'page-closed': (log, session) => log.pageClosed(session),
  'browser-close': (log) => log.word('browserClose'),
  'qr-read-error': (log, session) => {
    log.library('error', session, 'client', 'Failed to authenticate');
    log.word('qrReadError');
  },
  'qr-read-fail': (log, session) => {
    log.library('warn', session, 'client', 'Login Fail');
    log.word('qrReadFail');
  },
  'phone-not-connected': (log, session) => {
    log.library('warn', session, 'client', 'Phone not connected');
    log.word('phoneNotConnected');
  },
  'locked-profile': (log, session) => log.lockedProfile(session, { host: '5d0c1f7ab3e2', pid: 91 }, 4711),
  'already-running': (log, session, dir) => log.alreadyRunning(session, dir),
  'state-conflict': (log, session) => log.server('info', `State Change CONFLICT: ${session}`),
  'state-timeout': (log, session) => log.server('info', `State Change TIMEOUT: ${session}`),
  'state-opening': (log, session) => log.server('info', `State Change OPENING: ${session}`),
  'state-unpaired-idle': (log, session) => log.server('info', `State Change UNPAIRED_IDLE: ${session}`),
  'unlinked': (log, session) => {
    log.server('info', `State Change UNPAIRED: ${session}`);
    log.library('info', session, 'client', 'Session Unpaired');
    log.word('disconnectedMobile');
  },
};

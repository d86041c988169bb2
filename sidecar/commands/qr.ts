import { writeFileSync } from 'node:fs';
import { realClock } from '../clock.ts';
import { followQr, type Shown } from '../health/qr-follow.ts';
import { qrAsText } from '../health/qr-terminal.ts';
import { SidecarError, type SidecarClient } from '../report/client.ts';
import { CannotDo, EXIT, flag, onlyArg, text, type Command, type Io } from './command.ts';
import { needSidecar } from './sidecar-beside.ts';

/** Owner only: whoever scans it owns the account. */
const MODE = 0o600;
/** Top left corner, and nothing below it: each code takes the place of the one before. */
const CLEAR = '\x1b[H\x1b[2J';

export const qr: Command = {
  usage: 'qr SESSION [--once] [--out FILE]',
  summary: 'show the QR code that a session waits for, fresh until it is scanned',
  help: `
Shows it in the terminal and replaces it with each new one (a QR code lives about 20 seconds) until the session is
connected. A session that was logged out and is closed is started, so that there is one.

  --once      show it once and end (as it is when the output is no terminal)
  --out FILE  write it as a PNG instead, readable by you alone

Whoever scans it owns the account: it is written to no log. Exit codes: 0 connected, or shown once; 1 there is none to
show, or nobody scanned it; 2 it could not be asked for.`,
  options: { out: { type: 'string' }, once: { type: 'boolean' } },
  async run(words, io) {
    const session = onlyArg(words, 'SESSION');
    const sidecar = await needSidecar(io);
    const out = text(words, 'out');
    if (out === undefined && !flag(words, 'once') && process.stdout.isTTY) return await follow(sidecar, session, io) ? EXIT.well : EXIT.wrong;
    const shown = await ask(sidecar, session);
    if (!('png' in shown)) {
      io.out(shown.message);
      return shown.code === 'connected' ? EXIT.well : EXIT.wrong;
    }
    const drawn = out === undefined ? qrAsText(shown.png, process.stdout.isTTY === true) : null;
    if (drawn === null) write(out ?? fileOf(session), shown.png, out === undefined, io);
    else io.out(`${drawn}\nscan it within 20 seconds`);
    return EXIT.well;
  },
};

function follow(sidecar: SidecarClient, session: string, io: Io): Promise<boolean> {
  return followQr({
    ask: () => ask(sidecar, session), clock: realClock, say: (message) => io.out(message),
    draw(png) {
      const drawn = qrAsText(png, true);
      if (drawn === null) write(fileOf(session), png, true, io);
      else io.out(`${CLEAR}${drawn}\n${session}: WhatsApp on the phone, linked devices, link a device. Ctrl-C ends this.`);
    },
  });
}

async function ask(sidecar: SidecarClient, session: string): Promise<Shown> {
  try {
    return { png: await sidecar.qrPng(session) };
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error;
    // No such session, no token: nothing that asking again would change.
    if (error.status !== 409 && error.code !== 'failed') throw new CannotDo(error.message);
    return { code: error.code, message: error.message };
  }
}

function write(file: string, png: Buffer, because: boolean, io: Io): void {
  writeFileSync(file, png, { mode: MODE });
  io.out(`${because ? 'the picture is no QR code that can be drawn here so that a phone reads it; ' : ''}${file} written; scan it within 20 seconds`);
}

const fileOf = (session: string): string => `${session.replace(/[^\w-]/g, '_')}-qr.png`;

import { writeFileSync } from 'node:fs';
import { EXIT, onlyArg, text, type Command } from './command.ts';
import { refused } from './fix.ts';
import { needSidecar } from './sidecar-beside.ts';

/** Owner only: whoever scans it owns the account. */
const MODE = 0o600;

export const qr: Command = {
  usage: 'qr SESSION [--out FILE]',
  summary: 'fetch the QR code that a session waits for, as a PNG',
  help: 'Writes SESSION-qr.png (or FILE), readable by you alone. A QR code lives about 20 seconds.',
  options: { out: { type: 'string' } },
  async run(words, io) {
    const session = onlyArg(words, 'SESSION');
    const png = await (await needSidecar(io)).qrPng(session).catch(refused);
    const file = text(words, 'out') ?? `${session.replace(/[^\w-]/g, '_')}-qr.png`;
    writeFileSync(file, png, { mode: MODE });
    io.out(`${file} written; scan it within 20 seconds`);
    return EXIT.well;
  },
};

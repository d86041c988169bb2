import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAUSE_FILE } from '../state/orders.ts';
import { EXIT, flag, JSON_OPTION, onlyArg, text, UsageError, type Command, type Io, type Words } from './command.ts';
import { parseDuration } from '../config.ts';
import { refused } from './fix.ts';
import { needSidecar, sidecarBeside } from './sidecar-beside.ts';

const FOR = { ...JSON_OPTION, for: { type: 'string' } } as const;

/** One line for people, or the same as JSON. */
const say = (words: Words, io: Io, sentence: string, data: Record<string, unknown>): void => io.out(flag(words, 'json') ? JSON.stringify(data) : sentence);

export const pause: Command = {
  usage: 'pause [--for D]',
  summary: 'no repairs for a while (2h, 30m), or until resume; watching and counting go on',
  help: '',
  options: FOR,
  async run(words, io) {
    const forHowLong = duration(text(words, 'for'));
    const sidecar = await sidecarBeside(io);
    if (sidecar) await sidecar.pause(forHowLong).catch(refused);
    else writePause(forHowLong, io);
    say(words, io, `paused ${forHowLong === null ? 'until auto-fix resume' : `for ${forHowLong}`}`, { paused: true, for: forHowLong });
    return EXIT.well;
  },
};

export const resume: Command = {
  usage: 'resume',
  summary: 'repairs may go on; what waited is looked at again at once',
  help: '',
  options: JSON_OPTION,
  async run(words, io) {
    const sidecar = await sidecarBeside(io);
    if (sidecar) await sidecar.resume().catch(refused);
    else rmSync(join(io.config().stateDir, PAUSE_FILE), { force: true });
    say(words, io, 'resumed', { paused: false });
    return EXIT.well;
  },
};

export const mute: Command = {
  usage: 'mute SESSION [--for D]',
  summary: 'leave one session alone; --for 0s ends that',
  help: '',
  options: FOR,
  async run(words, io) {
    const [session, forHowLong] = [onlyArg(words, 'SESSION'), duration(text(words, 'for'))];
    await (await needSidecar(io)).mute(session, forHowLong).catch(refused);
    const muted = text(words, 'for') !== '0s';
    say(words, io, `${session} is ${muted ? 'muted' : 'no longer muted'}`, { session, muted, for: text(words, 'for') ?? null });
    return EXIT.well;
  },
};

/** Without a running sidecar the file is left for the next one. */
function writePause(forHowLong: string | null, io: Io): void {
  const { stateDir } = io.config();
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  writeFileSync(join(stateDir, PAUSE_FILE), forHowLong === null ? '' : `${new Date(Date.now() + parseDuration(forHowLong)!).toISOString()}\n`);
  io.err('no sidecar runs with this state folder: the next one to start finds the pause');
}

function duration(given: string | undefined): string | null {
  if (given === undefined) return null;
  if (parseDuration(given) === null) throw new UsageError(`--for ${given.slice(0, 40)}: expected a duration such as 90s, 5m or 2h`);
  return given;
}

import { hostname } from 'node:os';
import { realClock } from '../clock.ts';
import { Detector } from '../detect/detector.ts';
import { readyPatterns } from '../detect/ready-patterns.ts';
import { replay } from '../replay.ts';
import { deskSettings } from '../desk-settings.ts';
import type { Sought } from '../watch/glance.ts';
import type { Stretch } from '../watch/stretch.ts';
import type { LogLine } from '../words.ts';
import { CannotDo, JSON_OPTION, text, UsageError, type Command, type Io } from './command.ts';
import { knownSessions } from './known-sessions.ts';

export const replayCommand: Command = {
  usage: 'replay CONTAINER[=FILE]… [--sessions a,b]',
  summary: 'what would have been decided on recorded logs; acts on nothing',
  help: `
Reads \`docker logs -t\` or \`docker compose logs -t\` text (<time> <line>) from FILE, or stdin for \`-\`, and prints one
JSON object per decision, in time order: {"at","session","class","count","rung","refused","patterns","evidence"}.
CONTAINER without a file reads the engine's own history of that container. The same CONTAINER may be given several
times; all are merged by time.

  --sessions a,b   the sessions that are known; without it the configured gateways and stores are asked

  docker logs -t wppconnect-server > wpp.log 2>&1
  auto-fix replay wppconnect-server=wpp.log --sessions pixel12digital,ImobSites`,
  options: { ...JSON_OPTION, sessions: { type: 'string' } },
  async run(words, io) {
    if (words.args.length === 0) throw new UsageError('CONTAINER=FILE is missing');
    const config = io.config();
    const read: Tally = { lines: 0, problems: 0, from: '', to: '' };
    const opened = await Promise.all(words.args.map((arg) => openedRecording(arg, { ...io, err: (problem) => (read.problems++, io.err(problem)) })));
    const sessions = await knownSessions(text(words, 'sessions'), io);
    const detector = new Detector({ patterns: await readyPatterns(config.detect.patternsDir), sessions, maxHits: config.detect.maxHits, windowMs: config.detect.windowMs });
    const { mergeStretches } = await import('../watch/recording.ts');
    const recordings = opened.map((recording) => recording(detector));
    let decisions = 0;
    for await (const decision of replay(counted(mergeStretches(...recordings), read), { detector, settings: { ...deskSettings(config), dryRun: false }, sessions: sessions.names(), sessionsIn: (container) => sessions.inContainer(container) })) {
      decisions++;
      io.out(JSON.stringify(decision));
    }
    if (read.lines === 0 && read.problems > 0) throw new CannotDo('not one line could be read, so nothing was replayed');
    // A person watches; what a program reads stays the decisions alone.
    if (io.terminal) io.err(`read ${read.lines} lines${read.lines === 0 ? '' : ` from ${read.from} to ${read.to}`}: ${decisions === 0 ? 'nothing in them would have led to a decision' : `${decisions} decision${decisions === 1 ? '' : 's'}`}`);
    return 0;
  },
};

interface Tally { lines: number; problems: number; from: string; to: string }

async function* counted(recorded: AsyncIterable<Stretch>, read: Tally): AsyncGenerator<Stretch> {
  for await (const stretch of recorded) {
    if (read.lines === 0 && stretch.length > 0) read.from = stretch.timeAt(0);
    read.lines += stretch.length;
    if (stretch.length > 0) read.to = stretch.timeAt(stretch.length - 1);
    yield stretch;
  }
}

/** A recording that can be read, once it is told what is sought in it. */
async function openedRecording(arg: string, io: Io): Promise<(sought: Sought) => AsyncIterable<LogLine[] | Stretch>> {
  const complain = (problem: string) => io.err(problem);
  const at = arg.indexOf('=');
  if (at < 0) {
    const { dockerAt } = await import('../docker.ts');
    const { ownProject } = await import('../watch/own-project.ts');
    const { readHistoryBatches } = await import('../watch/history.ts');
    const docker = dockerAt(io.config().docker.host);
    const project = await ownProject(docker, hostname());
    return () => readHistoryBatches(docker, arg, { clock: realClock, complain, project });
  }
  const [container, file] = [arg.slice(0, at), arg.slice(at + 1)];
  if (!container || !file) throw new UsageError(`${arg} is not CONTAINER=FILE`);
  const { readRecordingStretches } = await import('../watch/recording.ts');
  if (file === '-') return (sought) => readRecordingStretches(container, io.stdin as AsyncIterable<Buffer>, { file: 'stdin', complain, sought });
  const { readPieces } = await import('../watch/recording-file.ts');
  const source = await readPieces(file).catch((error: Error) => {
    throw new CannotDo(`${file} cannot be read (${error.message}); nothing was replayed`);
  });
  return (sought) => readRecordingStretches(container, source, { file, complain, sought });
}

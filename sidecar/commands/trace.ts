import { parseDuration } from '../config.ts';
import { CannotDo, EXIT, flag, JSON_OPTION, onlyArg, text, UsageError, type Command, type Words } from './command.ts';

/** A day holds what somebody asks about today. */
const DEFAULT_SINCE = '24h';
/** Fewer characters stand in every line. */
const SHORTEST = 4;

export const trace: Command = {
  usage: 'trace TEXT [--since 24h]',
  summary: 'follows a correlation id or a number through all watched logs',
  help: `
Reads what the engine still has of every watched container's log, merged by time, and prints the lines that hold TEXT
(upper or lower case). All else in them that is secret, a number or a message stays hidden. Stores nothing.

  --since D   how far back: 90m, 24h (the default), 7d

Exit codes: 0 found, 1 nothing holds it, 2 no log could be read.`,
  options: { ...JSON_OPTION, since: { type: 'string' } },
  async run(words, io) {
    const searched = onlyArg(words, 'TEXT').trim();
    if (searched.length < SHORTEST) throw new UsageError(`TEXT needs at least ${SHORTEST} characters: shorter ones stand in every line`);
    const config = io.config();
    const since = sinceOf(words, DEFAULT_SINCE);
    const [{ dockerAt }, { historiesOf }, { shownWith }, { cleanerOf }, { EngineError }] = await Promise.all([
      import('../docker.ts'), import('../doctor/histories.ts'), import('../doctor/shown.ts'), import('./cleaner.ts'), import('../watch/engine.ts'),
    ]);
    try {
      const { containers, lines } = await historiesOf(dockerAt(config.docker.host), config.watch.containers, Date.now() - since, io.err);
      if (containers.length === 0) throw new CannotDo(`none of ${config.watch.containers.join(', ')} is on this engine; set AUTO_FIX_CONTAINERS`);
      const show = shownWith(searched, cleanerOf(config));
      const wanted = searched.toLowerCase();
      let found = 0;
      for await (const batch of lines) {
        for (const line of batch) {
          if (!line.text.toLowerCase().includes(wanted)) continue;
          found++;
          const shown = show(line.text);
          io.out(flag(words, 'json') ? JSON.stringify({ at: line.ts, container: line.container, stream: line.stream, text: shown }) : `${line.ts.slice(0, 23)}Z ${line.container}  ${shown}`);
        }
      }
      if (found === 0) io.err(`nothing in the logs of ${containers.join(', ')} of the last ${text(words, 'since') ?? DEFAULT_SINCE} holds that text`);
      return found > 0 ? EXIT.well : EXIT.wrong;
    } catch (error) {
      if (error instanceof EngineError) throw new CannotDo(error.message);
      throw error;
    }
  },
};

/** `--since` in milliseconds. */
export function sinceOf(words: Words, otherwise: string): number {
  const given = text(words, 'since') ?? otherwise;
  const ms = parseDuration(given);
  if (ms === null || ms === 0) throw new UsageError(`--since ${given.slice(0, 40)}: expected a duration such as 90m, 24h or 7d`);
  return ms;
}

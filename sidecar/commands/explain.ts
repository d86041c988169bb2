import { explain } from '../detect/explain.ts';
import { readyPatterns } from '../detect/ready-patterns.ts';
import { clean } from '../watch/clean.ts';
import { withoutComposePrefix } from '../watch/compose-prefix.ts';
import { EXIT, flag, JSON_OPTION, onlyArg, text, type Command } from './command.ts';
import { knownSessions } from './known-sessions.ts';

export const explainCommand: Command = {
  usage: 'explain LINE [--sessions a,b]',
  summary: 'how one log line is read: pattern, class, session, or why it is nothing',
  help: `
LINE may be pasted as docker logs -t or docker compose logs show it: what they put in front is left out.

  --sessions a,b      the sessions that are known; without it the configured gateways and stores are asked
  --container NAME    the container it comes from (default: wppconnect-server)`,
  options: { ...JSON_OPTION, sessions: { type: 'string' }, container: { type: 'string' } },
  async run(words, io) {
    const printed = unstamped(clean(onlyArg(words, 'LINE')));
    const sessions = await knownSessions(text(words, 'sessions'), io);
    const container = text(words, 'container') ?? 'wppconnect-server';
    const line = { container, containerId: '', stream: 'stdout' as const, ts: '1970-01-01T00:00:00.000000000Z', text: printed, skippedBytes: 0 };
    const told = explain(line, { patterns: await readyPatterns(io.config().detect.patternsDir), sessions });
    if (flag(words, 'json')) {
      io.out(JSON.stringify(told));
      return EXIT.well;
    }
    io.out(`line:     ${told.text}`);
    io.out(`shape:    ${told.shape}`);
    io.out(`literals: ${told.literals.join(', ') || 'none'}`);
    io.out(`pattern:  ${told.pattern ?? `none${told.closest ? `; closest ${told.closest.pattern}: ${told.closest.whyNot}` : ''}`}`);
    io.out(`class:    ${told.class ?? 'none'}`);
    io.out(`verdict:  ${told.verdict}`);
    return EXIT.well;
  },
};

/** What `docker logs -t` puts before a line. Nine decimals are the engine's; programs write three. */
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d) /;

/** The line as the program printed it: an operator copies it as it stands in the terminal. */
const unstamped = (line: string): string => withoutComposePrefix(line).rest.replace(STAMP, '');

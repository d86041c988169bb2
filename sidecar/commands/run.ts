import { loadConfig } from '../config.ts';
import { EXIT, type Command } from './command.ts';

/** A bind-mounted socket file that died stays dead: how often to ask whether leaving would help. */
const ADVICE_MS = 5000;

export const run: Command = {
  usage: 'run',
  summary: 'the sidecar itself: watches, decides, repairs, until it is stopped',
  help: `
Everything it does is one line of AUTO_FIX_LOG_FILE (logs/auto-fix-sessions.log) and a JSON line on stdout.
SIGTERM or Ctrl-C: no new repair starts, an open one is completed up to its start or taken back, then it ends.`,
  options: {},
  async run(_, io) {
    const { config, warnings } = loadConfig(io.env);
    const { startSidecar } = await import('../main.ts');
    // Asked to stop while it starts, it starts to the end first: a repair may be open that only it can finish.
    const starting = startSidecar(config, warnings);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void starting.then((started) => started.stop(), () => undefined));
    const sidecar = await starting.catch((error: Error) => {
      // What was opened on the way would keep the process alive, watching and deciding nothing.
      process.stderr.write(`auto-fix: ${error.message}\n`);
      process.exit(EXIT.couldNotLook);
    });
    const advised = setInterval(() => {
      if (sidecar.shouldLeave()) void sidecar.stop();
    }, ADVICE_MS);
    await sidecar.stopped;
    clearInterval(advised);
    process.exit(sidecar.shouldLeave() ? 1 : 0);
  },
};

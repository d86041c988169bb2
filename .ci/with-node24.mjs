// Runs a TypeScript file, or with `--bin NAME` a tool of node_modules/.bin, on Node 24.
// Plain JavaScript that Node 20 understands: it runs before node_modules exists. It talks on stderr only,
// because stdout belongs to the program it starts.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './dependencies.mjs';
import { commandLine, findNode24 } from './node24.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

try {
  await ensureDependencies(root, (line) => process.stderr.write(`auto-fix: ${line}\n`));
  const node = findNode24(root);
  runInOurPlace(node, commandLine(root, process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`auto-fix: ${error.message}\n`);
  process.exitCode = 1;
}

function runInOurPlace(node, args) {
  // So that whatever the program starts as `node` is the same Node.
  const PATH = `${join(node, '..')}:${join(root, 'node_modules/.bin')}:${process.env.PATH ?? ''}`;
  const child = spawn(node, args, { stdio: 'inherit', env: { ...process.env, PATH } });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGINT', 'SIGUSR2']) {
    process.on(signal, () => {
      // Ctrl-C in a terminal reaches the whole process group: passed on, it would count twice.
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    });
  }
  child.once('error', (error) => {
    process.stderr.write(`auto-fix: ${node} could not be started (${error.message}): install Node 24, or remove node_modules and try again\n`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    // Ends the way the program ended, so that a shell or a supervisor sees the same.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    setTimeout(() => process.exit(1), 1000);
  });
}

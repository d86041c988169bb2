#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { EXIT, CannotDo, UsageError, type Command, type Io } from './commands/command.ts';
import { COMMANDS } from './commands/index.ts';
import { ConfigError, loadConfig, type Config } from './config.ts';
import { nearest } from './settings/nearest.ts';
import { VERSION } from './version.ts';

const INTRO = `auto-fix keeps self-hosted WhatsApp gateways alive: it reads their container logs, knows from them which
session is breaking, and repairs exactly that one - backed up first, proven afterwards.

Usage: auto-fix VERB [arguments]        auto-fix VERB --help says more
`;

const OUTRO = `
Settings are environment variables (AUTO_FIX_…, WPPCONNECT_…, REDIS_URL …); the README has the table.
Emergency switch: docker compose stop auto-fix-sessions
`;

/** Errors of the rooms whose message is written for the operator. */
const SENTENCES: ReadonlySet<string> = new Set(['DoorError', 'StateError', 'PatternError', 'StoreError', 'EngineError', 'GatewayError', 'Interrupted', 'RecordingError', 'SidecarError']);

async function main(argv: readonly string[]): Promise<number> {
  const [verb, ...rest] = argv;
  if (verb === undefined || verb === '--help' || verb === '-h' || verb === 'help') return overview(rest[0]);
  if (verb === '--version' || verb === '-V') return process.stdout.write(`auto-fix-sessions ${VERSION}\n`), EXIT.well;
  const load = COMMANDS.get(verb);
  if (!load) {
    const meant = nearest(verb.slice(0, 60), [...COMMANDS.keys()]);
    process.stderr.write(`auto-fix: there is no verb "${verb.slice(0, 60)}"${meant ? `; did you mean ${meant}?` : ''}; the verbs are ${[...COMMANDS.keys()].join(', ')}\n`);
    return EXIT.usage;
  }
  const command = await load();
  try {
    const { values, positionals } = parseArgs({
      args: rest, allowPositionals: true, options: { ...command.options, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help) return help(command);
    return await command.run({ args: positionals, options: values }, io());
  } catch (error) {
    return explain(error as Error, command);
  }
}

async function overview(verb: string | undefined): Promise<number> {
  const load = verb === undefined ? undefined : COMMANDS.get(verb);
  if (load) return help(await load());
  const commands = await Promise.all([...COMMANDS.values()].map((one) => one()));
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  process.stdout.write(`${INTRO}\n${commands.map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}`).join('\n')}\n${OUTRO}`);
  return EXIT.well;
}

function help({ usage, summary, help: more, options }: Command): number {
  const json = 'json' in options ? '\n--json prints the same as JSON.\n' : '';
  process.stdout.write(`Usage: auto-fix ${usage}\n\n${summary}\n${more ? `\n${more.replace(/^\n+/, '').trimEnd()}\n` : ''}${json}`);
  return EXIT.well;
}

function explain(error: Error & { code?: string }, command: Command): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    return EXIT.couldNotLook;
  }
  if (SENTENCES.has(error.name)) {
    process.stderr.write(`auto-fix: ${error.message}\n`);
    return EXIT.couldNotLook;
  }
  if (error instanceof CannotDo) {
    process.stderr.write(`auto-fix: ${error.message}\n`);
    return error.exit;
  }
  if (error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS')) {
    process.stderr.write(`auto-fix: ${error.message}\nUsage: auto-fix ${command.usage}\n`);
    return EXIT.usage;
  }
  process.stderr.write(`auto-fix: this is a fault of auto-fix itself, nothing was changed by it on purpose: ${error.stack ?? error.message}\n`);
  return EXIT.couldNotLook;
}

function io(): Io {
  let config: Config | null = null;
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    env: process.env,
    stdin: process.stdin,
    terminal: process.stdout.isTTY === true,
    config() {
      if (config) return config;
      const loaded = loadConfig(process.env);
      return (config = loaded.config);
    },
  };
}

process.exitCode = await main(process.argv.slice(2));

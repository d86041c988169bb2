import { ConfigError, loadConfig, type Config } from '../config.ts';
import { wrong, type Finding } from '../doctor/finding.ts';
import { oneLine } from '../report/one-line.ts';
import { cleanerOf } from './cleaner.ts';
import { CannotDo, EXIT, flag, JSON_OPTION, type Command, type Io } from './command.ts';

export const doctor: Command = {
  usage: 'doctor [--alert | --compose]',
  summary: 'checks the whole set-up and says what to change',
  help: `
One line per check: ok, note, or WRONG with the one sentence that mends it. Looks only: the one thing it makes is a
temporary folder in our own folders, which it removes; session folders are never written.

  --alert     send a test message to AUTO_FIX_ALERT_WEBHOOK
  --compose   print the Compose file for the sidecar that fits the stack which runs here

Exit codes: 0 nothing is wrong, 1 something is, 2 it could not look (a setting cannot be read).`,
  options: { ...JSON_OPTION, alert: { type: 'boolean' }, compose: { type: 'boolean' } },
  async run(words, io) {
    if (flag(words, 'compose')) return printCompose(io);
    if (flag(words, 'alert')) return sendTest(io);
    const findings: Finding[] = [];
    const json = flag(words, 'json');
    for await (const finding of examined(io)) {
      findings.push(finding);
      if (!json) io.out(inWords(finding));
    }
    const exit = findings.some(({ check }) => check === UNREADABLE) ? EXIT.couldNotLook : findings.some(({ verdict }) => verdict === 'wrong') ? EXIT.wrong : EXIT.well;
    if (json) io.out(JSON.stringify({ ok: exit === EXIT.well, findings }));
    else io.out(`\n${summed(findings)}`);
    return exit;
  },
};

/** Settings that cannot be read: nothing else can be looked at then. */
const UNREADABLE = 'setting';

async function* examined(io: Io): AsyncGenerator<Finding> {
  let loaded: { config: Config; warnings: string[] };
  try {
    loaded = loadConfig(io.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield* error.problems.map((problem) => wrong(UNREADABLE, problem));
    return;
  }
  const { config, warnings } = loaded;
  const clean = cleanerOf(config);
  const { examine } = await import('../doctor/doctor.ts');
  for await (const { check, verdict, says } of examine(config, warnings)) yield { check, verdict, says: oneLine(clean(says)) };
}

const inWords = ({ check, verdict, says }: Finding): string => `${(verdict === 'wrong' ? 'WRONG' : verdict).padEnd(6)} ${check.padEnd(10)} ${says}`;

function summed(findings: readonly Finding[]): string {
  const of = (verdict: Finding['verdict']): number => findings.filter((finding) => finding.verdict === verdict).length;
  return `${of('ok')} ok, ${of('note')} to know, ${of('wrong')} to change`;
}

async function sendTest(io: Io): Promise<number> {
  const { alertWebhook } = io.config();
  if (!alertWebhook) throw new CannotDo('AUTO_FIX_ALERT_WEBHOOK is not set, so there is nobody to send a test message to');
  const { sendTestMessage } = await import('../doctor/test-message.ts');
  const { arrived, says } = await sendTestMessage(alertWebhook);
  io.out(says);
  return arrived ? EXIT.well : EXIT.wrong;
}

async function printCompose(io: Io): Promise<number> {
  const { docker, watch } = io.config();
  const [{ hostname }, { dockerAt }, { ownProject }, { viewOf }, { stackOf }, { composeFile }, { EngineError }] = await Promise.all([
    import('node:os'), import('../docker.ts'), import('../watch/own-project.ts'), import('../doctor/engine-view.ts'), import('../doctor/stack.ts'), import('../doctor/compose-file.ts'), import('../watch/engine.ts'),
  ]);
  const engine = dockerAt(docker.host);
  try {
    const view = await viewOf(engine, watch.containers, await ownProject(engine, hostname()));
    if (view.inspected.length === 0) throw new CannotDo(`no container or Compose service ${watch.containers.join(', ')} is on this engine, so there is no stack to fit; set AUTO_FIX_CONTAINERS to its names`);
    const missing = watch.containers.filter((name) => !view.inspected.some(({ watched }) => watched.name === name));
    io.out(composeFile(await stackOf(engine, docker.host, view), missing).trimEnd());
    return EXIT.well;
  } catch (error) {
    if (error instanceof EngineError) throw new CannotDo(error.message);
    throw error;
  }
}

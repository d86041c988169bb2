import type { Checked } from './checking.ts';
import { table } from '../report/table.ts';
import { EXIT, flag, JSON_OPTION, text, UsageError, CannotDo, type Command, type Io } from './command.ts';

export const check: Command = {
  usage: 'check [all|SESSION] [--fix] [--dry-run] [--verbose] [--silent-hours N]',
  summary: 'look at one session or all; with --fix repair what crossed the threshold',
  help: `
Asks each gateway, and a sidecar that runs beside it for what it counts; without one, the last window of the containers'
logs is read. Changes nothing without --fix.

  --fix       repair what has more hits than AUTO_FIX_MAX_HITS inside AUTO_FIX_WINDOW, as the sidecar would
  --dry-run   with --fix: say what would be done
  --verbose   print also when all is well and nobody watches
  --silent-hours N   show sessions without a sign of life for N hours as quiet; each is looked at, and no more

For a cron: when all is well and stdout is no terminal, it prints nothing. Works from another host with only the
gateway's address and secret: without a Docker socket hits are not counted.

Exit codes: 0 all well, 1 something is wrong (or was not repaired), 2 it could not look.
From a checkout: npm run auto-fix:sessions all   (= check --fix)`,
  options: { ...JSON_OPTION, fix: { type: 'boolean' }, 'dry-run': { type: 'boolean' }, verbose: { type: 'boolean' }, 'silent-hours': { type: 'string' } },
  async run(words, io) {
    if (words.args.length > 1) throw new UsageError('one SESSION or all is expected');
    const { checkSessions } = await import('./checking.ts');
    const { checked, notes, silent } = await checkSessions(words.args[0] ?? 'all', { fix: flag(words, 'fix'), dryRun: flag(words, 'dry-run'), silentMs: silentMsOf(text(words, 'silent-hours')) }, io);
    if (checked.length === 0) throw new CannotDo('no gateway and no store lists any session; check WPPCONNECT_SECRET_KEY, WPP_GATEWAY_BASE_URL or BACKEND_URL');
    const exit = exitOf(checked, silent);
    const nothingToSay = exit === EXIT.well && !io.terminal && checked.every(({ repaired, quiet }) => repaired === null && quiet !== true);
    if (nothingToSay && !flag(words, 'verbose') && !flag(words, 'json')) return exit;
    for (const note of notes) io.err(note);
    print(checked, flag(words, 'json'), io);
    return exit;
  },
};

const LONGEST_HOURS = 24 * 24;

function silentMsOf(hours: string | undefined): number | null {
  if (hours === undefined) return null;
  const value = /^\d{1,3}(\.\d{1,2})?$/.test(hours) ? Number(hours) : 0;
  if (value > 0 && value <= LONGEST_HOURS) return value * 3_600_000;
  throw new UsageError(`--silent-hours ${hours.slice(0, 40)}: expected a number of hours such as 4, at most ${LONGEST_HOURS}`);
}

function print(checked: readonly Checked[], json: boolean, io: Io): void {
  if (json) return io.out(JSON.stringify(checked));
  io.out(table(['SESSION', 'LOOKS', 'HITS c/d', 'SEEN'], checked.map(({ session, probe, hits }) => [session, probe.probe, `${hits.corruption}/${hits.disconnect}`, probe.saw])));
  for (const { repaired } of checked) if (repaired) io.out(repaired);
}

/** `silent`: gateways whose list cannot be had; what they alone know of was not looked at, and a front's word for it proves nothing. */
function exitOf(checked: readonly Checked[], silent: readonly string[]): number {
  if (checked.some(({ probe }) => probe.couldNotLook)) return EXIT.couldNotLook;
  const wrong = checked.some(({ probe, overThreshold }) => overThreshold || ['zombie', 'closed', 'qr'].includes(probe.probe));
  return wrong ? EXIT.wrong : silent.length > 0 ? EXIT.couldNotLook : EXIT.well;
}

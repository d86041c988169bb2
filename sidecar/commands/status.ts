import { EXIT, flag, JSON_OPTION, type Command } from './command.ts';
import { needSidecar } from './sidecar-beside.ts';
import { table } from '../report/table.ts';
import { ago } from '../report/units.ts';

export const status: Command = {
  usage: 'status',
  summary: 'how the sidecar and every session stand',
  help: 'Exit codes: 0 all well, 1 the sidecar has a fault or a session an incident, 2 no sidecar runs.',
  options: JSON_OPTION,
  async run(words, io) {
    const sidecar = await needSidecar(io);
    const [health, sessions, { incidents, alerts }] = await Promise.all([sidecar.health(), sidecar.sessions(), sidecar.incidents()]);
    const exit = health.ok && incidents.length === 0 ? EXIT.well : EXIT.wrong;
    if (flag(words, 'json')) {
      io.out(JSON.stringify({ health, sessions, incidents, alerts }));
      return exit;
    }
    const now = Date.now();
    io.out(`auto-fix-sessions ${health.version}, up since ${health.startedAt}${health.dryRun ? ', dry run' : ''}${health.pausedUntil === null ? '' : `, PAUSED ${untilWords(health.pausedUntil, 'resume')}`}`);
    for (const fault of health.faults) io.out(`FAULT  ${fault}`);
    for (const note of health.notes) io.out(`note   ${note}`);
    io.out(`\n${table(['SESSION', 'STATUS', 'HITS c/d', 'LAST SIGN OF LIFE', 'WHY'], sessions.map((one) => [one.id, one.status, `${one.hits.corruption}/${one.hits.disconnect}`, one.lastActivity === null ? 'none seen' : ago(Date.parse(one.lastActivity), now), (one.mutedUntil === null ? '' : `muted ${untilWords(one.mutedUntil, 'unmuted (mute SESSION --for 0s)')}; `) + (one.incident ?? one.why)]))}`);
    if (health.containers.length === 0) io.out('\nno container is watched');
    else io.out(`\n${table(['CONTAINER', 'STREAM', 'LINES', 'RECONNECTS', 'TROUBLE'], health.containers.map((one) => [one.name, one.state, String(one.lines), String(one.reconnects), one.problem ?? '-']))}`);
    for (const { session, message, since } of alerts) io.out(`\nALERT since ${since}: ${session === null ? '' : `${session}: `}${message}`);
    return exit;
  },
};

/** `''`: until somebody ends it. */
const untilWords = (until: string, end: string): string => `until ${until === '' ? end : until}`;

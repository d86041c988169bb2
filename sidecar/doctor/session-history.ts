import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { Detector } from '../detect/detector.ts';
import { readyPatterns } from '../detect/ready-patterns.ts';
import { dockerAt } from '../docker.ts';
import { fromMs, parseEventTime, toMs } from '../event-time.ts';
import type { KnownSessions } from '../fleet/fleet.ts';
import { Roster } from '../fleet/roster.ts';
import { DATABASE_FILE, openDatabase } from '../state/database.ts';
import { IncidentHistory, SCHEMA as FIGURES } from '../state/history-of-incidents.ts';
import { SCHEMA as JOURNAL } from '../state/journal.ts';
import { Records, SCHEMA as RECORDS } from '../state/records.ts';
import { EngineError } from '../watch/engine.ts';
import { historiesOf } from './histories.ts';
import { TimelineBuilder, type Timeline } from './timeline.ts';
import { webhookEvent } from './webhook-events.ts';

export interface HistoryAsked {
  session: string;
  sessions: KnownSessions;
  from: number;
  to: number;
  config: Config;
  /** Told what could not be read; the rest is shown. */
  complain(problem: string): void;
}

/** The story of a session out of what the engine still has and what is stored; either alone will do. Changes nothing. */
export async function sessionHistory(asked: HistoryAsked): Promise<Timeline> {
  const { session, from, to, config } = asked;
  const builder = new TimelineBuilder({ session, from, to, silentAfterMs: config.decide.silentAfterMs });
  await readLogs(asked, builder);
  readState(asked, builder);
  return builder.build();
}

/** The sessions that are stored, for a time at which no gateway answers and no store is mounted. */
export function storedSessions({ stateDir, aliases }: Config): KnownSessions {
  const names: string[] = [];
  if (existsSync(join(stateDir, DATABASE_FILE))) {
    const database = openDatabase(stateDir, [RECORDS, JOURNAL], 'NORMAL');
    for (const row of database.prepare('SELECT session FROM activity UNION SELECT session FROM hits UNION SELECT session FROM repairs').all()) names.push(String(row.session));
    database.close();
  }
  const roster = new Roster([{ source: 'the state database', names }], aliases);
  return { names: () => roster.names(), resolve: (spelled) => roster.resolve(spelled), inContainer: () => roster.names(), holderOfPeer: () => null };
}

async function readLogs({ session, sessions, from, to, config, complain }: HistoryAsked, builder: TimelineBuilder): Promise<void> {
  const detector = new Detector({ patterns: await readyPatterns(config.detect.patternsDir), sessions, maxHits: config.detect.maxHits, windowMs: config.detect.windowMs });
  const take = (readings: ReturnType<Detector['read']>): void => {
    for (const { hit, fresh } of readings) {
      if (!fresh || !('session' in hit.who) || hit.who.session !== session || toMs(hit.at) >= to) continue;
      builder.mark({ at: toMs(hit.at), class: hit.class, pattern: hit.pattern, evidence: hit.evidence }, `${hit.class} ${hit.cause}`);
    }
  };
  try {
    const { containers, lines } = await historiesOf(dockerAt(config.docker.host), config.watch.containers, from, complain);
    const begun = new Set<string>();
    for await (const batch of lines) {
      for (const line of batch) {
        if (!begun.has(line.container)) builder.log(line.container, toMs(parseEventTime(line.ts)));
        begun.add(line.container);
        const event = webhookEvent(line.text);
        if (event && sessions.resolve(event.spelled) === session) builder.event(event.event, toMs(parseEventTime(line.ts)));
        take(detector.read(line));
      }
    }
    take(detector.flush());
    for (const container of containers) if (!begun.has(container)) builder.log(container, null);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    complain(`the engine's logs cannot be read, only what is stored is shown: ${error.message}`);
  }
}

function readState({ session, from, to, config, complain }: HistoryAsked, builder: TimelineBuilder): void {
  const { stateDir } = config;
  if (!existsSync(join(stateDir, DATABASE_FILE))) return complain(`nothing is stored in ${stateDir} (no sidecar has run there): only the engine's logs are shown`);
  const database = openDatabase(stateDir, [RECORDS, JOURNAL, FIGURES], 'NORMAL');
  try {
    const records = new Records(database, (error) => { throw error; });
    for (const hit of records.hitsSince(fromMs(from), session)) builder.mark({ at: toMs(hit.at), class: hit.class, pattern: hit.pattern, evidence: hit.evidence }, `${hit.class} ${hit.cause}`);
    for (const { event, at } of records.lastActivity(session)) if (toMs(at) < to) builder.newest(event, toMs(at));
    builder.repairs = new IncidentHistory(database).repairs({ from, to }).flatMap((repair) => (repair.session === session && repair.outcome ? [repair.outcome] : []));
    records.close();
  } finally {
    database.close();
  }
}

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../measure.ts';
import { TROUBLE_WORDS } from '../everyday.ts';
import { MAX_HITS } from '../cases.ts';
import { TEN, firedLines, type Peer } from './peer.ts';

const grok = (words: readonly string[]): string => String.raw`'^%{TIMESTAMP_ISO8601:timestamp} .*\[%{SESSION:session}:(client|browser|page|session)\] (${words.join('|')})$'`;

const parser = (patterns: readonly string[]): string => `filter: "evt.Line.Labels.type == 'bench'"
onsuccess: next_stage
name: bench/lines
pattern_syntax:
  SESSION: "[^:\\\\]]+"
nodes:
${patterns.map((pattern) => `  - grok:\n      pattern: ${pattern}\n      apply_on: Line.Raw\n`).join('')}statics:
  - { meta: log_type, value: trouble }
  - { meta: session, expression: evt.Parsed.session }
  - { target: evt.StrTime, expression: evt.Parsed.timestamp }
`;
const DATES = `filter: "evt.StrTime != ''"
name: bench/dates
statics:
  - { method: ParseDate, expression: evt.StrTime }
  - { target: MarshaledTime, expression: evt.Enriched.MarshaledTime }
`;
const scenario = (leak: string): string => `type: leaky
name: bench/trouble
description: more than five in five minutes
filter: "evt.Meta.log_type == 'trouble'"
scope: { type: session, expression: evt.Meta.session }
groupby: evt.Meta.session
capacity: ${MAX_HITS}
leakspeed: ${leak}
blackhole: 1s
labels: { remediation: false }
`;
/** Its local API must answer or it does not start; loopback only, a port that its packages leave free. */
const API = '127.0.0.1:18953';
const config = (dir: string): string => `common: { daemonize: false, log_media: stdout, log_level: info, working_dir: . }
config_paths: { config_dir: ${dir}, data_dir: ${dir}/data/, simulation_path: ${dir}/simulation.yaml, hub_dir: ${dir}/hub/, index_path: ${dir}/hub/.index.json, notification_dir: ${dir}/notifications/, plugin_dir: ${dir}/notifications/ }
crowdsec_service: { acquisition_path: ${dir}/acquis.yaml, parser_routines: 1 }
cscli: { output: human }
db_config: { type: sqlite, db_path: ${dir}/data/crowdsec.db }
prometheus: { enabled: false }
api:
  client: { insecure_skip_verify: true, credentials_path: ${dir}/credentials.yaml }
  server: { log_level: warning, listen_uri: ${API}, profiles_path: ${dir}/profiles.yaml }
`;

/** CrowdSec in its replay mode: a leaky bucket per session, filled by the lines' own time. Its API beside it is part of what it costs. */
export function crowdsec(program: string, root: string, folder: string): Peer {
  const houses = { one: house('one', [grok(TROUBLE_WORDS)], '60s'), ten: house('ten', TEN.map((word) => grok([word])), '60s'), slow: house('slow', [grok(TROUBLE_WORDS)], '300s') };
  const command = (file: string, dir: string): Command => ({ program, args: ['-c', join(dir, 'config.yaml'), '-dsn', `file://${file}`, '-type', 'bench'] });
  return {
    name: 'CrowdSec',
    linesAtMost: 20_000,
    command: (file, rules) => command(file, rules === 1 ? houses.one : houses.ten),
    judges: [
      { how: 'leaky bucket, one a minute', command: (file) => command(file, houses.one) },
      { how: 'leaky bucket, one in 5 minutes', command: (file) => command(file, houses.slow) },
    ],
    verdicts: (printed) => firedLines(printed.replace(/^.*session (\S+) performed .*\) at (\S+) (\S+) .*$/gm, 'FIRED $1 $2T$3'), /^FIRED (\S+) (\S+)$/),
  };

  function house(name: string, patterns: readonly string[], leak: string): string {
    const dir = join(folder, `crowdsec-${name}`);
    for (const sub of ['data', 'hub', 'notifications', 'scenarios', 'parsers/s00-raw', 'parsers/s02-enrich']) mkdirSync(join(dir, sub), { recursive: true });
    cpSync(join(root, 'etc/crowdsec/patterns'), join(dir, 'patterns'), { recursive: true });
    const files: Record<string, string> = {
      'config.yaml': config(dir), 'simulation.yaml': 'simulation: off\n', 'acquis.yaml': '', 'hub/.index.json': '{"parsers":{},"scenarios":{},"postoverflows":{},"collections":{}}',
      'profiles.yaml': 'name: none\nfilters: ["false"]\ndecisions: [{ type: ban, duration: 1s }]\non_success: break\n',
      'parsers/s00-raw/bench.yaml': parser(patterns), 'parsers/s02-enrich/dates.yaml': DATES, 'scenarios/bench.yaml': scenario(leak),
      'credentials.yaml': `url: http://${API}/\nlogin: bench\npassword: bench\n`,
    };
    for (const [path, text] of Object.entries(files)) writeFileSync(join(dir, path), text);
    const added = spawnSync(join(root, 'usr/bin/cscli'), ['-c', join(dir, 'config.yaml'), 'machines', 'add', 'bench', '--password', 'bench', '-f', join(dir, 'unused.yaml')], { encoding: 'utf8' });
    if (added.status !== 0) throw new Error(`cscli could not add the bench to CrowdSec's own API: ${added.stderr}`);
    return dir;
  }
}

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../sidecar/config.ts';
import { COMMANDS } from '../../sidecar/commands/index.ts';
import type { Words } from '../../sidecar/commands/command.ts';
import type { Finding } from '../../sidecar/doctor/finding.ts';
import { SECRET, wppconnectServer } from '../gateways/wppconnect-server.ts';
import { fakeEngine, type EngineFaults, type Shown } from './fake-engine.ts';

export const SHOP = 'ImobSites';

export interface SetUp {
  folder: string;
  env: Record<string, string>;
  profiles: string;
  tokens: string;
}

/** A set-up that is well, with one session: a folder, an engine, a wppconnect-server. Each test spoils one thing of it. */
export async function wellSetUp(containers: readonly Partial<Shown>[] = [{}], faults: EngineFaults = {}): Promise<SetUp> {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [profiles, tokens] = [join(folder, 'userDataDir'), join(folder, 'tokens')];
  for (const path of ['state', 'backups', 'logs', `userDataDir/${SHOP}/Default`, 'tokens']) mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(profiles, SHOP, 'Default/Cookies'), 'x'.repeat(1000));
  writeFileSync(join(tokens, `${SHOP}.data.json`), '{}');
  const server = await wppconnectServer({}, { [SHOP]: 'CONNECTED' });
  const host = await fakeEngine(folder, containers.map((shown) => ({ name: 'stack-wppconnect-server-1', service: 'wppconnect-server', ...shown })), faults);
  return {
    folder, profiles, tokens,
    env: {
      DOCKER_HOST: host, AUTO_FIX_CONTAINERS: 'wppconnect-server', AUTO_FIX_HTTP: 'off', AUTO_FIX_ALERT_WEBHOOK: 'http://127.0.0.1:9/hook',
      AUTO_FIX_STATE_DIR: join(folder, 'state'), AUTO_FIX_BACKUP_DIR: join(folder, 'backups'), AUTO_FIX_LOG_FILE: join(folder, 'logs/auto-fix-sessions.log'),
      WPPCONNECT_URL: server.url, WPPCONNECT_SECRET_KEY: SECRET, WPPCONNECT_USER_DATA_DIR: profiles, WPPCONNECT_TOKENS_DIR: tokens,
    },
  };
}

export interface Said { code: number; out: string; err: string }

/** A command, run in this process with these settings. */
export async function command(verb: string, env: Record<string, string>, args: string[] = [], options: Words['options'] = {}, io: { terminal?: boolean } = {}): Promise<Said> {
  const said = { out: '', err: '' };
  const { run } = await COMMANDS.get(verb)!();
  const code = await run({ args, options }, {
    out: (text) => void (said.out += `${text}\n`), err: (text) => void (said.err += `${text}\n`), env, stdin: process.stdin, ...io, config: () => loadConfig(env).config,
  });
  return { code, ...said };
}

/** What the doctor finds, and its exit code. */
export async function diagnose({ env }: SetUp, changes: Record<string, string> = {}): Promise<{ code: number; findings: Finding[]; wrong: string[]; notes: string[]; text: string }> {
  const { code, out } = await command('doctor', { ...env, ...changes }, [], { json: true });
  return { code, ...sorted((JSON.parse(out) as { findings: Finding[] }).findings), text: out };
}

export function sorted(findings: Finding[]) {
  const of = (verdict: Finding['verdict']): string[] => findings.filter((one) => one.verdict === verdict).map(({ says }) => says);
  return { findings, wrong: of('wrong'), notes: of('note') };
}

/** The doctor as a user without rights: root may read everything, so rights show only there. */
export async function asNobody(env: Record<string, string>): Promise<ReturnType<typeof sorted>> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures/doctor-as-nobody.ts')], { env: { PATH: process.env.PATH!, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk));
  await new Promise((resolve) => child.once('close', resolve));
  return sorted((JSON.parse(stdout) as { findings: Finding[] }).findings);
}

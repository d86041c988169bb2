import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../sidecar/config.ts';
import { startSidecar, type Sidecar } from '../sidecar/main.ts';
import { connectSidecar } from '../sidecar/report/client.ts';
import { sharedStateDir } from '../sidecar/state/shared-state.ts';
import { SECRET, wppconnectServer } from './gateways/wppconnect-server.ts';
import { nowhere } from './lab/demo/embedded.ts';
import { PrintedLines } from './lab/demo/printed-lines.ts';

/** A sidecar with these settings in a folder of their own, without an engine. */
async function started(settings: (folder: string) => Record<string, string>): Promise<{ sidecar: Sidecar; folder: string; logFile: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'start-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const logFile = join(folder, 'auto-fix-sessions.log');
  const { config, warnings } = loadConfig({ AUTO_FIX_STATE_DIR: join(folder, 'state'), AUTO_FIX_BACKUP_DIR: join(folder, 'backups'), AUTO_FIX_LOG_FILE: logFile, AUTO_FIX_HTTP: 'off', ...settings(folder) });
  const sidecar = await startSidecar(config, warnings, { watch: ({ deliver }) => new PrintedLines().watchedBy(deliver), out: nowhere() });
  return { sidecar, folder, logFile };
}

/** What the log file tells of a start. */
async function toldAtStart(settings: (folder: string) => Record<string, string>): Promise<string> {
  const { sidecar, logFile } = await started(settings);
  await sidecar.stop();
  return readFileSync(logFile, 'utf8');
}

test('a start says at once when no backup could be written, not at the first repair', async () => {
  const told = await toldAtStart((folder) => {
    writeFileSync(join(folder, 'a-file'), '');
    return { AUTO_FIX_BACKUP_DIR: join(folder, 'a-file/backups') };
  });
  expect(told).toMatch(/\] \S+a-file is no folder: set AUTO_FIX_BACKUP_DIR to another path \(until then nothing can be backed up, so nothing is ever cleared\)\n/);
});

test('a start with a folder for backups says nothing about it', async () => {
  expect(await toldAtStart(() => ({}))).not.toContain('AUTO_FIX_BACKUP_DIR');
});

test('a running sidecar is found from its backups', async () => {
  const { sidecar, folder } = await started(() => ({}));
  await sidecar.stop();
  expect(sharedStateDir(join(folder, 'backups'), join(folder, 'elsewhere'))).toBe(join(folder, 'state'));
});

test('a session that nobody has looked at yet is not called well', async () => {
  const server = await wppconnectServer({}, { Shop: 'CLOSED' });
  const { sidecar, folder } = await started(() => ({ WPPCONNECT_URL: server.url, WPPCONNECT_SECRET_KEY: SECRET, AUTO_FIX_HEALTH_EVERY: 'off' }));
  onTestFinished(() => sidecar.stop());
  const client = await connectSidecar({ socket: join(folder, 'state/auto-fix.sock'), token: null });
  expect(await client!.session('Shop')).toMatchObject({ status: 'unknown', next: { refused: null, reason: 'no incident is open; the next health round looks at it' } });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import type { Command } from '../../sidecar/commands/command.ts';
import { explainCommand } from '../../sidecar/commands/explain.ts';
import { replayCommand } from '../../sidecar/commands/replay.ts';
import { loadConfig } from '../../sidecar/config.ts';

/** What the command prints about those sessions. */
async function printed(command: Command, args: string[], sessions: string): Promise<string[]> {
  const lines: string[] = [];
  const out = (text: string): void => void lines.push(text);
  await command.run({ args, options: { sessions } }, { out, err: out, env: {}, stdin: Readable.from([]), config: () => loadConfig({}).config });
  return lines;
}

it('explains a line as it stands in a terminal, with what the engine and Compose put before it', async () => {
  const said = 'info: 2026-03-04T09:12:45.153Z Started Session: loja1';
  for (const before of ['', '2026-03-04T09:12:45.153123456Z ', 'wppconnect-server-1  | ', 'wppconnect-server-1  | 2026-03-04T09:12:45.153123456Z '])
    expect(await printed(explainCommand, [`${before}${said}`], 'loja1,loja2')).toContain('verdict:  recovery of loja1 (by trailing-name)');
});

it('leaves a program its own time', async () => {
  const said = '2026-03-04T09:12:45.153Z [info]: Webhook event queued {"event":"connection.update","session":"loja1","state":"close"}';
  expect(await printed(explainCommand, [said], 'loja1,loja2')).toContain('verdict:  disconnect of loja1 (by json-field)');
});

it('says in words that a folder is no recording', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'auto-fix-replay-'));
  await expect(printed(replayCommand, [`wppconnect-server=${dir}`], 'loja1')).rejects.toThrow(/cannot be read .*nothing was replayed$/);
  rmSync(dir, { recursive: true });
});

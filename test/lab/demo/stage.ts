import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { StandIns } from '../../../sidecar/stand-ins.ts';
import type { Control } from '../control.ts';

/** Two gateways with two sessions each, wherever they run, and the operator's folder with their data. */
export interface Stage {
  /** The operator's folder: session data, and below `sidecar/` log, state and backups. */
  data: string;
  /** What the operator would have in `.env`. */
  env: Record<string, string>;
  standIns: StandIns;
  wpp: Control;
  backend: Control;
  /** Null: this machine has none, keys live in files only. */
  redis: Redis | null;
  profileOf(session: string): string;
  baileysFolderOf(id: string): string;
  /** Ends and removes everything. */
  close(): Promise<void>;
}

/** Folders and Compose projects of the demo begin so; the pid behind it tells whose they are. */
export const NAME = 'auto-fix-demo';

/** Shorter than real paces (60 s alone after a start, 10 s of settling), so that a repair can be watched; real gateways need the real ones. */
export const PACES = { AUTO_FIX_VERIFY_AFTER: '1s', AUTO_FIX_SETTLE: '2s' };

/** The settings that are the same wherever the gateways run: files below `data`, nothing on the network. */
export function operatorsEnv(data: string, secrets: { wpp: string; backend: string }): Record<string, string> {
  const home = join(data, 'sidecar');
  mkdirSync(home, { recursive: true });
  return {
    AUTO_FIX_LOG_FILE: join(home, 'logs/auto-fix-sessions.log'), AUTO_FIX_STATE_DIR: join(home, 'state'), AUTO_FIX_BACKUP_DIR: join(home, 'backups'),
    AUTO_FIX_HTTP: 'off',
    ...PACES,
    WPPCONNECT_SECRET_KEY: secrets.wpp,
    WPPCONNECT_USER_DATA_DIR: join(data, 'wppconnect/userDataDir'), WPPCONNECT_TOKENS_DIR: join(data, 'wppconnect/tokens'),
    BACKEND_TOKEN: secrets.backend, BAILEYS_SESSIONS_DIR: join(data, 'whaticket/sessions'),
  };
}

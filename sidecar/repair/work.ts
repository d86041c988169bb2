import type { Clock } from '../clock.ts';
import type { Target } from '../fleet/fleet.ts';
import { FolderCursor } from '../stores/folder.ts';
import type { Inventory } from '../stores/store.ts';
import type { Task } from '../state/journal.ts';
import type { BackupFolder } from './backup-folder.ts';
import type { ClosingTimings } from './closing.ts';
import type { ContainerHands } from './container-hands.ts';
import type { Hold } from './in-flight.ts';
import type { Manifest } from './manifest.ts';
import { Checksum, readPieces } from './pieces.ts';
import type { Evidence, Proof, VerifyTimings } from './verify.ts';

export type Level = 'info' | 'warn' | 'error';

export interface Timings extends ClosingTimings, VerifyTimings {
  /** Calls of `start` before it is given up, and the pause in between, ms. */
  startTries: number;
  startRetryMs: number;
}

/** 60 s alone after a start is wppconnect's own need; the others leave a slow VPS room without keeping a number offline. */
export const TIMINGS: Timings = {
  closeDeadlineMs: 30_000, pollMs: 500, verifyAfterMs: 60_000, verifyDeadlineMs: 120_000, settleMs: 10_000, lookEveryMs: 5_000, startTries: 3, startRetryMs: 2_000,
};

export interface Tools {
  folder: BackupFolder;
  clock: Clock;
  hands: ContainerHands | null;
  evidence: Evidence;
  timings: Timings;
  tell: (level: Level, message: string, session: string) => void;
}

export interface KeptFile {
  root: string;
  path: string;
  sha256: string;
}

/** One repair under way: what its steps need from each other. All of it can be read back from the journal. */
export interface Work extends Hold {
  readonly id: string;
  readonly session: string;
  readonly task: Task;
  readonly reason: string;
  readonly target: Target;
  readonly openedAt: number;
  /** Clock ms of our `close`; null: not closed by us. */
  closedAt: number | null;
  /** Clock ms of our last `start`; null: not started. */
  startedAt: number | null;
  startAccepted: boolean;
  /** The session may have run since the backup, so its present state is kept before the old one is put over it. */
  mayHaveRun: boolean;
  lastActivity: number | null;
  kept: KeptFile[];
  /** The backup of the state before, id and manifest. */
  backup: { id: string; manifest: Manifest } | null;
  /** With `restore`: what is put back. */
  source: { id: string; manifest: Manifest } | null;
  /** After a cut: why one of the two cannot be read. */
  lostBackup?: string;
  cleared: { files: number; disposable: number };
  proof: Proof | null;
  /** The operator has heard that this repair can no longer be journalled. */
  journalLost?: true;
}

/** Checksums of configuration files, to see after a start that the gateway left them alone. */
export async function digestKept(inventories: readonly Inventory[]): Promise<KeptFile[]> {
  const kept: KeptFile[] = [];
  for (const { root, path, type, role } of inventories.flatMap((inventory) => inventory.files)) {
    if (role === 'kept' && type === 'file') kept.push({ root, path, sha256: (await digest(root, path)) ?? '' });
  }
  return kept;
}

/** Those of them that are different or gone now. */
export async function changedKept(kept: readonly KeptFile[]): Promise<string[]> {
  const differing: string[] = [];
  for (const file of kept) if ((await digest(file.root, file.path)) !== file.sha256) differing.push(`${file.root}/${file.path}`);
  return differing;
}

async function digest(root: string, path: string): Promise<string | null> {
  const cursor = new FolderCursor();
  try {
    const { folder, name } = await cursor.holding(root, path);
    const stats = await folder.look(name);
    if (!stats?.isFile()) return null;
    const handle = await folder.openFile(name);
    const sum = new Checksum();
    try {
      for await (const piece of readPieces(handle, Number(stats.size))) sum.update(piece);
    } finally {
      await handle.close();
    }
    return sum.hex();
  } finally {
    await cursor.close();
  }
}

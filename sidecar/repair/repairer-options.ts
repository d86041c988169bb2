import type { Clock } from '../clock.ts';
import type { Target } from '../fleet/fleet.ts';
import type { Journal } from '../state/journal.ts';
import type { Locks } from '../state/lock.ts';
import type { ContainerHands } from './container-hands.ts';
import type { Evidence } from './verify.ts';
import type { Level, Timings } from './work.ts';

export interface RepairerOptions {
  /** AUTO_FIX_BACKUP_DIR. */
  backupDir: string;
  /** On a connection of its own. */
  journal: Journal;
  locks: Locks;
  clock: Clock;
  tell: (level: Level, message: string, session: string) => void;
  /** Null without Docker access: then a browser that outlives its session is left to a human. */
  hands: ContainerHands | null;
  evidence: Evidence;
  timings?: Partial<Timings>;
  /** AUTO_FIX_BACKUP_KEEP. */
  keep: number;
  maxAgeMs?: number | null;
  /** Repairs at the same time; a gateway that restarts many browsers at once falls over. */
  atOnce?: number;
  /** Asks anew where the session's data lies. Lists are a minute old, and the half of a session must not be taken for all of it. */
  lookAgain?: (target: Target) => Promise<Target>;
  /** Who holds the lock, in words: `sidecar`, `command line`. */
  owner?: string;
}

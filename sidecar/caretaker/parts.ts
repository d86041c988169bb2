import type { Clock } from '../clock.ts';
import type { Look } from '../decide/decide.ts';
import type { Desk, Surroundings } from '../decide/desk.ts';
import type { Detector } from '../detect/detector.ts';
import type { Target } from '../fleet/fleet.ts';
import type { Repairer } from '../repair/runner.ts';
import type { Metrics } from '../report/metrics.ts';
import type { Records } from '../state/records.ts';
import type { Hit, Nanos } from '../words.ts';
import type { Announcer } from './announcer.ts';

/** What the caretaker is handed. */
export interface CaretakerParts {
  detector: Detector;
  desk: Desk;
  records: Records;
  repairer: Pick<Repairer, 'run'>;
  clock: Clock;
  windowMs: number;
  /** Null for a session that no list names any more. */
  target(session: string): Target | null;
  /** The known session meant by that spelling, or null. */
  resolve(spelled: string): string | null;
  surroundings(session: string, newestEvidence: Nanos): Surroundings;
  /** All known sessions. */
  sessions(): readonly string[];
  /** The known sessions that live in that watched container. */
  sessionsIn(container: string): readonly string[];
  look(session: string, newestEvidence: Nanos, brokenSince?: Nanos): Promise<Look>;
  announcer: Announcer;
  /** Hears every hit of a known session, the same cause told again too: the second line may tell why. */
  heard?(hit: Hit): void;
  figures: Pick<Metrics, 'hit' | 'firing' | 'probe'>;
}

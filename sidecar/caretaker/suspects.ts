import type { Life } from '../detect/session-life.ts';
import type { Hit } from '../words.ts';
import { isStarting, startedBehind } from './surroundings.ts';

/** A session that one line made suspect, and when it is looked at. */
export interface Suspect {
  session: string;
  hit: Hit;
  /** The line named it; otherwise it is one of all sessions of the container whose line names nobody. */
  named: boolean;
  /** Clock ms. */
  lookAt: number;
}

/** A close takes about a second to print all its lines; a look before that sees half of it. */
const LET_IT_FINISH_MS = 3000;
/** A burst of suspect lines is not worth more than a look a minute; the last of them is never forgotten. */
const REST_MS = 60_000;

/** Somebody starts it just now. Where the line named it, a start that began before the line ended with it. */
export const isBeingStarted = ({ hit, named }: Suspect, life: Pick<Life, 'phase' | 'phaseSince'>, now: number): boolean =>
  named ? startedBehind(hit.at, life, now) : isStarting(life, now);

/** Which sessions are due for a look because of a single line. Pure; clock ms. */
export class Suspects {
  readonly #waiting = new Map<string, Suspect>();
  readonly #lookedAt = new Map<string, number>();

  heard(session: string, hit: Hit, named: boolean, now: number): void {
    const waiting = this.#waiting.get(session);
    if (waiting?.named && !named) return;
    const lookAt = waiting?.lookAt ?? Math.max(now + LET_IT_FINISH_MS, Math.min(now, this.#lookedAt.get(session) ?? 0) + REST_MS);
    this.#waiting.set(session, { session, hit, named, lookAt });
  }

  /** Those whose time has come; they are forgotten here. */
  due(now: number): Suspect[] {
    const due = [...this.#waiting.values()].filter(({ lookAt }) => lookAt <= now);
    for (const { session } of due) {
      this.#waiting.delete(session);
      this.#lookedAt.set(session, now);
    }
    return due;
  }
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Announcer } from '../../sidecar/caretaker/announcer.ts';
import { Caretaker } from '../../sidecar/caretaker/caretaker.ts';
import { startedBehind } from '../../sidecar/caretaker/surroundings.ts';
import { VirtualClock } from '../../sidecar/clock.ts';
import { Desk, type DeskSettings } from '../../sidecar/decide/desk.ts';
import type { Look } from '../../sidecar/decide/decide.ts';
import { Detector } from '../../sidecar/detect/detector.ts';
import { loadPatterns } from '../../sidecar/detect/patterns.ts';
import type { Target } from '../../sidecar/fleet/fleet.ts';
import { Alerts } from '../../sidecar/report/alerts.ts';
import { Roster } from '../../sidecar/fleet/roster.ts';
import { openDatabase } from '../../sidecar/state/database.ts';
import { Records, SCHEMA } from '../../sidecar/state/records.ts';
import type { LogLine, Outcome, Plan, RefusalCode } from '../../sidecar/words.ts';
import { around, look, settings, T0 } from '../decide/asked.ts';

const SESSIONS = ['ImobSites', 'pixel12digital'];
/** Closes further apart than one cause lasts. */
const APART_MS = 10_000;

/** The whole middle of the house with real patterns, windows, desk and database; only gateway and repairer are made up. */
export class House {
  readonly clock = new VirtualClock(T0);
  desk!: Desk;
  seen: Look = look('zombie');
  looks: Record<string, Look> = {};
  surroundings = around({ gatewaySessions: [] });
  outcome: 'fixed' | 'failed' | 'refused' = 'fixed';
  /** A line that our own code cannot stand. */
  poison: string | null = null;
  /** The lists, as the fleet reads them. */
  lists = new Roster([{ source: 'test', names: SESSIONS }], new Map());
  repairs: string[] = [];
  refusals: RefusalCode[] = [];
  /** Whom somebody looked at. */
  looked: string[] = [];
  readonly #lines: string[] = [];
  readonly #dir = mkdtempSync(join(tmpdir(), 'auto-fix-house-'));
  readonly #database: DatabaseSync = openDatabase(this.#dir, [SCHEMA], 'NORMAL');
  readonly #records = new Records(this.#database, (error) => { if (error) throw error; });
  #alerts!: Alerts;
  #caretaker!: Caretaker;

  constructor() {
    this.rebuild({});
  }

  rebuild(over: Partial<DeskSettings>): void {
    const detector = new Detector({
      patterns: loadPatterns(join(import.meta.dirname, '../../patterns')), maxHits: 5, windowMs: settings().windowMs,
      sessions: { names: () => SESSIONS, resolve: (name) => this.known(name), inContainer: () => SESSIONS, holderOfPeer: () => null },
    });
    const read = detector.read.bind(detector);
    detector.read = (line) => {
      if (line.text === this.poison) throw new Error('a fault of ours');
      return read(line);
    };
    const write = ({ message, session, alert }: { message: string; session?: string | null; alert?: boolean }): void =>
      void this.#lines.push(`${alert ? 'ALERT ' : ''}${session ? `${session}: ` : ''}${message}`);
    this.desk = new Desk(settings(over));
    this.#alerts = new Alerts({ clock: this.clock, log: { write }, clean: (text) => text, count: () => undefined });
    const tell = (_: string, message: string, session?: string): void => write({ message, session: session ?? null });
    this.#caretaker = new Caretaker({
      detector, desk: this.desk, records: this.#records, clock: this.clock, windowMs: settings().windowMs,
      announcer: new Announcer({ windowMs: settings().windowMs, tell, alerts: this.#alerts, figures: { refusal: (code) => this.refusals.push(code), repair: () => undefined } }),
      figures: { hit: () => undefined, firing: () => undefined, probe: () => undefined },
      repairer: { run: (plan) => Promise.resolve(this.#repair(plan)) },
      target: (session): Target => ({ session, gateway: null, front: null, stores: [], container: 'wppconnect-server' }),
      resolve: (spelled) => this.known(spelled),
      surroundings: (session, newest) => (startedBehind(newest, detector.look(session, this.clock.now()), this.clock.now()) ? { ...this.surroundings, container: 'session-just-started' } : this.surroundings),
      sessions: () => SESSIONS,
      sessionsIn: () => SESSIONS,
      look: (session) => {
        this.looked.push(session);
        return Promise.resolve({ ...(this.looks[session] ?? this.seen), loggedOut: detector.look(session, this.clock.now()).loggedOutSince !== null });
      },
    });
  }

  /** That many closes of the session, one after the other, as wppconnect-server's library prints them. */
  async closes(session: string, times: number, apartMs = APART_MS, from?: number): Promise<void> {
    for (let n = 0; n < times; n++) {
      await this.line(`verbose:  [${session}:page] Page Closed`, from === undefined ? undefined : from + n * apartMs);
      if (from === undefined) await this.passes(apartMs);
    }
  }

  async line(text: string, at = this.clock.now()): Promise<void> {
    const line: LogLine = { container: 'wppconnect-server', containerId: 'c1', stream: 'stdout', ts: `${new Date(at).toISOString().slice(0, -1)}000000Z`, text, skippedBytes: 0 };
    this.#caretaker.receive({ lines: [line], cursor: { containerId: 'c1', container: 'wppconnect-server', json: '{}' } });
    await settled();
  }

  /** Time goes by, second by second as in the sidecar. */
  async passes(ms: number): Promise<void> {
    for (const end = this.clock.now() + ms; this.clock.now() < end;) {
      await this.clock.moveTo(Math.min(end, this.clock.now() + 1000));
      this.#caretaker.tick();
      await settled();
    }
  }

  known(spelled: string): string | null {
    return this.lists.resolve(spelled);
  }

  log(): string {
    return this.#lines.join('\n');
  }

  alertsOpen(): string[] {
    return this.#alerts.open().map(({ key }) => key);
  }

  close(): void {
    this.#records.close();
    this.#database.close();
    rmSync(this.#dir, { recursive: true });
  }

  #repair({ session, rung }: Plan): Outcome {
    this.repairs.push(`${session} ${rung}`);
    const now = this.clock.now();
    return {
      session, rung, result: this.outcome, detail: this.outcome === 'fixed' ? 'proven' : 'it did not work', startedAt: now, endedAt: now, backup: null,
      ...(this.outcome === 'refused' ? { code: 'backup-impossible' as const } : {}),
    };
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

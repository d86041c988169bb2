import type { Target } from '../fleet/fleet.ts';
import type { Journal, RepairRecord, Task } from '../state/journal.ts';
import { shellWord } from '../report/shell-word.ts';
import type { FaultClass, Outcome, Plan, RefusalCode } from '../words.ts';
import { BackupFolder } from './backup-folder.ts';
import { Interrupted, Owed, sayWhy } from './faults.ts';
import { HalfBackups } from './half-backups.ts';
import { InFlight } from './in-flight.ts';
import { OutcomeBook } from './outcome-book.ts';
import { outcomeOf, proceed, type Ending } from './progress.ts';
import { makeReady } from './put-back.ts';
import { owesKeys, stillOwed, whyStillOwed } from './owed-keys.ts';
import { rebuild, resume, sweep } from './recovery.ts';
import { prune, type Retention } from './retention.ts';
import { stepsOf } from './steps.ts';
import { Waiting } from './waiting.ts';
import { TIMINGS, type Tools, type Work } from './work.ts';
import type { RepairerOptions } from './repairer-options.ts';

export type { RepairerOptions };

const AT_ONCE = 2;

/** Runs plans to an outcome. Everything it does to a session is in the journal before it is done. */
export class Repairer {
  readonly folder: BackupFolder;
  readonly journal: Journal;
  readonly #o: RepairerOptions;
  readonly #tools: Tools;
  readonly #retention: Retention;
  readonly #inFlight: InFlight;
  readonly #waiting: Waiting;
  readonly #outcomes: OutcomeBook;
  readonly #halves: HalfBackups;
  #stopping = false;

  constructor(options: RepairerOptions) {
    this.#o = options;
    this.folder = new BackupFolder(options.backupDir);
    this.journal = options.journal;
    this.#waiting = new Waiting(options.tell);
    this.#outcomes = new OutcomeBook(options.journal, options.tell);
    this.#inFlight = new InFlight(options.locks, options.clock, options.owner ?? 'sidecar');
    this.#halves = new HalfBackups(this.folder, this.#inFlight, options.tell);
    this.#retention = { keep: options.keep, maxAgeMs: options.maxAgeMs ?? null };
    this.#tools = {
      folder: this.folder, clock: options.clock, hands: options.hands, evidence: options.evidence,
      timings: { ...TIMINGS, ...options.timings }, tell: options.tell,
    };
  }

  /**
   * Resolves with the one outcome, a refusal included. Rejects with Interrupted when the sidecar stops: the session
   * was started, and the next start proves it. Rejects before anything is touched when the journal cannot be written.
   */
  run(plan: Plan, target: Target): Promise<Outcome> {
    return this.#guarded(plan.session, plan.rung, plan.reason, target, null, plan.class);
  }

  /** Puts that backup back: the present state is backed up first, then files and keys return, start, verify. */
  async restore(id: string, target: Target): Promise<Outcome> {
    const source = { id: this.folder.idOf(id), manifest: await this.folder.read(this.folder.idOf(id)) };
    return this.#guarded(target.session, 'restore', source.id, target, source);
  }

  /**
   * Finishes or takes back what a cut left open, and starts what could not be started then. Call it at start and again
   * every minute: what cannot be decided yet (a gateway that is down, a session another process works on) stays open. `only` one
   * session's, for a command that is asked for that one. `ended` hears of each outcome when it comes.
   */
  async recover(targetOf: (session: string) => Target | null, { only, ended }: { only?: string; ended?: (outcome: Outcome) => void } = {}): Promise<Outcome[]> {
    const isMeant = ({ session }: { session: string }): boolean => only === undefined || session === only;
    this.#outcomes.writeAgain();
    const unfinished = this.journal.unfinished();
    this.#waiting.keepOnly(unfinished);
    const open = unfinished.filter(isMeant).filter(({ id, session }) => !this.#inFlight.has(session) && !this.#outcomes.holds(id));
    // At the same time: a session that stands closed does not wait until another one is proven.
    const outcomes = await Promise.all(open.map((record) => this.#takeUp(record, targetOf(record.session)).then((outcome) => {
      if (outcome) ended?.(outcome);
      return outcome;
    })));
    for (const record of this.journal.owingStart().filter(isMeant)) await this.#payStart(record.id, record.session, targetOf(record.session));
    await this.#halves.remove(isMeant);
    return outcomes.filter((outcome) => outcome !== null);
  }

  async #takeUp(record: RepairRecord, target: Target | null): Promise<Outcome | null> {
    if (this.#stopping) return null;
    if (target === null || (target.gateway === null && record.rung !== 'reconnect')) return this.#waitsForLists(record, target);
    if (!owesKeys(record)) this.#waiting.goOn(record);
    try {
      const away = owesKeys(record) ? await whyStillOwed(record, target) : null;
      if (away !== null) throw stillOwed(away);
      const outcome = await this.#inFlight.hold(record.session, async (hold) => {
        const fresh = this.journal.record(record.id);
        if (!fresh || fresh.outcome) return null;
        await sweep(fresh, this.#tools);
        const rebuilt = await rebuild(fresh, await this.#seenAgain(target), this.#tools, hold);
        return this.#conclude(rebuilt, await resume(fresh, rebuilt, this.#tools, this.journal));
      });
      if (outcome) this.#waiting.end(record);
      return outcome;
    } catch (error) {
      return this.#notYet(record, error);
    }
  }

  /** Open repairs that go on as soon as a list names their session again, or Redis works. */
  isWaiting(): boolean {
    return this.#waiting.any();
  }

  /** No new repair starts; open ones go on to their `start` or are taken back. Resolves then, or after `graceMs`. */
  async finishSoon(graceMs: number): Promise<void> {
    this.#stopping = true;
    await this.#inFlight.stop(graceMs);
    for (const session of this.inFlight()) this.#o.tell('error', `ALERT the repair did not end within ${graceMs / 1000} s; it is finished or taken back at the next start`, session);
  }

  /** Sessions that are being repaired, recovered or restored by this process. */
  inFlight(): string[] {
    return this.#inFlight.sessions();
  }

  async #guarded(session: string, task: Task, reason: string, known: Target, source: Work['source'], cls: FaultClass | null = null): Promise<Outcome> {
    const refused = this.#refusal(session, task, known);
    if (refused) return this.#refuse(session, task, refused);
    const outcome = await this.#inFlight.hold(session, async (hold) => {
      if (this.journal.unfinished().some((open) => open.session === session)) return null;
      // Known before the session is closed for it: no customer is offline for that.
      const noBackup = stepsOf(task).includes('backup') ? await this.folder.whyNotTaken() : null;
      if (noBackup !== null) return this.#refuse(session, task, { code: 'backup-impossible', why: `${noBackup}; the session was not touched` });
      if (source) await makeReady(source.manifest, known.stores);
      const target = await this.#seenAgain(known);
      const id = this.journal.open(session, task, reason, cls);
      const work: Work = {
        id, session, task, reason: task === 'restore' ? `state before ${reason} was put back` : reason, target, openedAt: this.#o.clock.now(), ...hold,
        closedAt: null, startedAt: null, startAccepted: false, mayHaveRun: false, lastActivity: this.#o.evidence.lastActivity(session), kept: [],
        backup: null, source, cleared: { files: 0, disposable: 0 }, proof: null,
      };
      const ending = proceed(work, this.#tools, this.journal, stepsOf(task));
      return this.#conclude(work, await ending.catch((error: unknown) => {
        if (error instanceof Owed) this.#waiting.begin(work, 'error', `ALERT ${error.message}`);
        throw error;
      }));
    });
    return outcome ?? this.#refuse(session, task, { code: 'in-flight', why: `another process works on ${session}, or a repair of it is not at its end yet (auto-fix why ${shellWord(session)} tells); try again in a minute` });
  }

  async #seenAgain(known: Target): Promise<Target> {
    return (await this.#o.lookAgain?.(known)) ?? known;
  }

  #refusal(session: string, task: Task, target: Target): { code: RefusalCode; why: string } | null {
    if (this.#stopping) return { code: 'paused', why: 'the sidecar is stopping, no new repair begins' };
    if (this.#inFlight.has(session)) return { code: 'in-flight', why: `${session} is being repaired already` };
    if (this.inFlight().length >= (this.#o.atOnce ?? AT_ONCE)) return { code: 'in-flight', why: `${this.inFlight().length} other repairs are running (${this.inFlight().join(', ')})` };
    if (task === 'reconnect') return null;
    if (!target.gateway) return { code: 'gateway-unreachable', why: `no gateway lists ${session}${target.unlisted ? ` (${target.unlisted})` : ''}, so it could not be closed or started; nothing was touched` };
    if (!target.gateway.api.can.has('close') || !target.gateway.api.can.has('start')) return { code: 'gateway-unreachable', why: `its gateway cannot close and start a session safely; nothing was touched` };
    return null;
  }

  #refuse(session: string, task: Task, { code, why }: { code: RefusalCode; why: string }): Outcome {
    const now = this.#o.clock.now();
    return { session, rung: task === 'restore' ? 'reset' : task, result: 'refused', code, detail: why, startedAt: now, endedAt: now, backup: null };
  }

  async #conclude(work: Work, ending: Ending): Promise<Outcome> {
    const cls = this.journal.record(work.id)?.class;
    const outcome: Outcome = { ...outcomeOf(work, ending, this.#tools), ...(cls ? { class: cls } : {}) };
    this.#outcomes.write(work.id, outcome, ending.owesStart);
    try {
      const needed = new Set(this.journal.unfinished().flatMap(({ marks }) => marks.flatMap(({ note }) => [note.id, note.present].filter((id) => typeof id === 'string'))));
      if (work.backup) await prune(this.folder, work.session, this.#retention, this.#o.clock.now(), needed);
    } catch (error) {
      this.#o.tell('error', `old backups could not be removed: ${sayWhy(error)}`, work.session);
    }
    return outcome;
  }

  #waitsForLists(record: RepairRecord, target: Target | null): null {
    const what = `its gateway${target ? '' : ' and its files'}`;
    this.#waiting.begin(record, 'warn', `an interrupted repair waits until ${what} can be asked again${target?.unlisted ? ` (${target.unlisted})` : ''}; it is finished or taken back then`);
    return null;
  }

  #notYet(record: RepairRecord, error: unknown): null {
    if (error instanceof Owed) this.#waiting.begin(record, 'error', `ALERT ${error.message}`);
    if (error instanceof Interrupted) return null;
    this.#waiting.say(record, 'error', `an interrupted repair could not be finished yet (${sayWhy(error)}); it is tried again every minute`);
    return null;
  }

  async #payStart(id: string, session: string, target: Target | null): Promise<void> {
    if (!target?.gateway || this.#stopping || this.#inFlight.has(session)) return;
    await this.#inFlight.hold(session, async () => {
      await target.gateway!.api.start(target.gateway!.name);
      this.journal.startPaid(id);
      this.#o.tell('info', 'started at last, after a repair that could not start it', session);
    }).catch((error: unknown) => this.#o.tell('error', `ALERT it is still closed and cannot be started (${sayWhy(error)}); start it by hand`, session));
  }
}

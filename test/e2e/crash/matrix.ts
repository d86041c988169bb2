import { expect } from 'vitest';
import type { Task } from '../../../sidecar/state/journal.ts';
import { reach, type SeenRepair } from './journal-watch.ts';
import type { OperatingRoom } from './operating-room.ts';
import { isKey, isLogin, type Content, type Patient } from './patients.ts';
import { wordsOf, writesOf, type Point } from './points.ts';

/** A task on a session that it makes sense for. */
export interface Case {
  task: Task;
  patient: Patient;
}

interface Detour {
  /** Killed a second time, at the n-th mark of the way back. */
  thenAtMark?: number;
  /** Happens between the kill and the start. */
  whileDown?(): Promise<unknown>;
  /** Happens after the start; given where the log was before the repair. */
  whileBack?(loggedBefore: number): Promise<unknown>;
}

interface Before {
  content: Content;
  login: string | null;
  others: Record<string, unknown>;
  repairs: number;
  logged: number;
}

/** Kills the sidecar in the middle of repairs, starts it again, and looks at what has become of everybody. */
export class Matrix {
  readonly tally = { kills: 0, 'sessions lost': 0, repaired: 0, 'rolled back': 0 };
  readonly #room: OperatingRoom;
  /** For `restore`: what is put back. */
  #backup: { id: string; content: Content; login: string | null } | null = null;

  constructor(room: OperatingRoom) {
    this.#room = room;
  }

  /** Killed there and started again. Resolves with the number of marks that the way back wrote. */
  async killAt(one: Case, point: Point, { thenAtMark, whileDown, whileBack }: Detour = {}): Promise<number> {
    const { sidecar, watch } = this.#room;
    const place = `${one.task} of ${one.patient.session}, killed ${wordsOf(point)}${thenAtMark === undefined ? '' : `, then at mark ${thenAtMark} of the way back`}`;
    const before = await this.#prepare(one);
    const reached = reach(watch, point, one.patient.session);
    reached.arm();
    const asked = this.#ask(one);
    await reached.strike(() => this.#kill());
    await asked;
    const written = this.#newRepairs(one, before)[0]?.marks.length ?? 0;
    await whileDown?.();
    if (thenAtMark !== undefined) {
      watch.holdNth(thenAtMark);
      await sidecar.start();
      await watch.untilHeld();
      await this.#kill();
      watch.release();
    }
    await sidecar.start();
    await whileBack?.(before.logged);
    await this.#judge(one, before, place, !(point.side === 'before' && point.of === 'opening'));
    return (this.#newRepairs(one, before)[0]?.marks.length ?? 0) - written;
  }

  /** Killed so long after it was asked for. */
  async killAfter(one: Case, ms: number): Promise<void> {
    const before = await this.#prepare(one);
    const asked = this.#ask(one);
    await new Promise((resolve) => setTimeout(resolve, ms)); // the instant is the point here, not a wait for something
    await this.#kill();
    await asked;
    const opened = this.#newRepairs(one, before).length > 0;
    await this.#room.sidecar.start();
    await this.#judge(one, before, `${one.task} of ${one.patient.session}, killed after ${ms} ms`, opened);
  }

  /** Told to stop while it stands there: it ends in order, and leaves the session running. */
  async stopAt(one: Case, point: Point): Promise<void> {
    const { sidecar, watch } = this.#room;
    const place = `${one.task} of ${one.patient.session}, told to stop ${wordsOf(point)}`;
    const before = await this.#prepare(one);
    watch.hold(point.of, 'briefly');
    const asked = this.#ask(one);
    await watch.untilHeld();
    expect(await sidecar.stop('SIGTERM'), place).toBe(0);
    watch.release();
    await asked;
    await one.patient.running();
    await sidecar.start();
    await this.#judge(one, before, place, true);
  }

  /** Nothing disturbs it: it writes exactly the marks that the matrix is made of. Resolves with its duration, ms. */
  async undisturbed(one: Case): Promise<number> {
    const before = await this.#prepare(one);
    const from = performance.now();
    await this.#ask(one);
    const took = performance.now() - from;
    const [repair] = this.#newRepairs(one, before);
    expect(['opening', ...repair!.marks, 'outcome']).toEqual(writesOf(one.task));
    await this.#judge(one, before, `${one.task} of ${one.patient.session}, undisturbed`, true);
    return took;
  }

  async #kill(): Promise<void> {
    await this.#room.sidecar.stop('SIGKILL');
    this.tally.kills++;
  }

  #ask({ task, patient }: Case) {
    return this.#room.ask(task, patient.session, this.#backup?.id);
  }

  /** A session that works; for `restore` one that was reset, with the backup of what it was. */
  async #prepare(one: Case): Promise<Before> {
    const { patient, task } = one;
    await this.#room.ready();
    if (task !== 'restore') await patient.scan();
    else if (this.#backup === null || (await patient.status()) !== 'qrcode') await this.#reset(patient);
    const content = await patient.content();
    return { content, login: patient.login(content), others: await this.#room.others(patient), repairs: this.#room.watch.repairs(patient.session).length, logged: this.#room.sidecar.mark() };
  }

  async #reset(patient: Patient): Promise<void> {
    await patient.scan();
    const content = await patient.content();
    const login = patient.login(content);
    const outcome = await this.#room.ask('reset', patient.session);
    this.#backup = { id: outcome!.backup!.replace(/\.tar\.zst$/, ''), content, login };
    await patient.running();
  }

  #newRepairs({ patient }: Case, before: Before): SeenRepair[] {
    return this.#room.watch.repairs(patient.session).slice(before.repairs);
  }

  async #judge(one: Case, before: Before, place: string, opened: boolean): Promise<void> {
    const { sidecar, watch } = this.#room;
    const { patient } = one;
    const told = () => this.#room.outcomesTold(patient.session, before.logged);
    if (opened) await expect.poll(() => this.#newRepairs(one, before).every(({ outcome }) => outcome !== null), { timeout: 60_000, message: `${place}: an outcome\n${sidecar.log(before.logged)}` }).toBe(true);
    await expect.poll(() => told().length, { timeout: 10_000, message: `${place}: one outcome in the log\n${sidecar.log(before.logged)}` }).toBe(opened ? 1 : 0);
    await patient.running();
    const repairs = this.#newRepairs(one, before);
    const how = await this.#wholeness(one, before);
    const works = how === 'broken' || (await patient.status()) === 'qrcode' || (await patient.status()) === 'QRCODE' || (await patient.works());
    if (how === 'broken' || !works) this.tally['sessions lost']++;
    const result = repairs[0]?.outcome?.result;
    if (result !== undefined) this.tally[result === 'fixed' || result === 'needs-qr' ? 'repaired' : 'rolled back']++;
    const story = `${place}\n${sidecar.log(before.logged)}`;
    expect(how === 'broken' ? await patient.content() : 'whole', story).toEqual(how === 'broken' ? before.content : 'whole');
    expect(works, story).toBe(true);
    expect(await this.#room.others(patient), story).toEqual(before.others);
    expect(repairs.length, story).toBe(opened ? 1 : 0);
    expect(told().length, story).toBe(opened ? 1 : 0);
    if (result !== undefined) expect(['fixed', 'needs-qr', 'rolled-back'], story).toContain(result);
    if (how === 'new') expect(['fixed', 'needs-qr'], story).toContain(result);
    expect(this.#room.leftovers(), story).toEqual([]);
    expect({ holder: watch.holder(patient.session), owes: watch.owesAStart() }, story).toEqual({ holder: null, owes: false });
  }

  /** Whether it is what it was, or what the task makes of it; anything in between is broken. */
  async #wholeness({ task, patient }: Case, before: Before): Promise<'old' | 'new' | 'broken'> {
    const now = await patient.content();
    if (isSame(now, before.content)) return 'old';
    if (task === 'restore') return isSame(now, this.#backup!.content) && patient.login(now) === this.#backup!.login ? 'new' : 'broken';
    if (task === 'reset') return Object.keys(now).filter((place) => !/^file \.$/.test(place) && /^(file|key) /.test(place)).length === 0 && patient.login(now) === null ? 'new' : 'broken';
    if (task !== 'repair') return 'broken';
    const kept = Object.keys(before.content).filter((place) => isLogin(place) && !place.includes('creds')).every((place) => now[place] === before.content[place]);
    const cleared = Object.keys(before.content).filter(isKey).every((place) => now[place] !== before.content[place]);
    return kept && cleared && patient.login(now) === before.login && before.login !== null && now['key creds'] !== undefined ? 'new' : 'broken';
  }
}

const isSame = (a: Content, b: Content): boolean => JSON.stringify(Object.entries(a).toSorted()) === JSON.stringify(Object.entries(b).toSorted());

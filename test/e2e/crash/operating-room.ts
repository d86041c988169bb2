import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { STAGING } from '../../../sidecar/stores/names.ts';
import { SOCKET_FILE } from '../../../sidecar/report/http.ts';
import { SidecarClient } from '../../../sidecar/report/client.ts';
import type { Task } from '../../../sidecar/state/journal.ts';
import type { Outcome } from '../../../sidecar/words.ts';
import { until } from '../../lab/control.ts';
import { Lab } from '../../lab/lab.ts';
import { SidecarProcess } from '../sidecar-process.ts';
import { connected, opened } from '../waiting.ts';
import { JournalWatch } from './journal-watch.ts';
import { browserOf, numberOf, type Patient } from './patients.ts';

const NUMBERS = ['26', '27'] as const;
const BROWSERS = ['ImobSites', 'Pixel12 Digital'] as const;

/** A lab with two sessions of each kind and the sidecar as a process of its own, at the quickest settings that still prove a start. */
export class OperatingRoom {
  readonly lab: Lab;
  readonly number: Patient;
  readonly browser: Patient;
  readonly #env: Record<string, string>;
  #sidecar: SidecarProcess | null = null;
  #watch: JournalWatch | null = null;

  constructor(project: string, env: Record<string, string> = {}) {
    this.lab = new Lab({ project, services: ['wppconnect-server', 'redis', 'whaticket-backend'], env: { LAB_START_MS: '30', LAB_QR_WAIT_MS: '3600000', LAB_WPP_SESSIONS: BROWSERS.join(','), LAB_NUMBERS: NUMBERS.join(',') } });
    this.number = numberOf(this.lab, NUMBERS[0]);
    this.browser = browserOf(this.lab, BROWSERS[0]);
    this.#env = env;
  }

  async open(): Promise<void> {
    await this.lab.up();
    await Promise.all([...NUMBERS.map((id) => opened(this.lab, id)), ...BROWSERS.map((session) => connected(this.lab, session))]);
    await until('the first conversations', async () => (await this.lab.logs('whaticket-backend')).split('message received').length > 4);
    this.#sidecar = new SidecarProcess(this.lab, { AUTO_FIX_VERIFY_AFTER: '1s', AUTO_FIX_SETTLE: '0s', AUTO_FIX_BACKUP_KEEP: '3', ...this.#env });
    mkdirSync(this.sidecar.env.AUTO_FIX_BACKUP_DIR!, { recursive: true });
    await this.sidecar.start();
    this.#watch = new JournalWatch(this.sidecar.env.AUTO_FIX_STATE_DIR!);
  }

  async close(): Promise<void> {
    this.#watch?.close();
    await this.#sidecar?.stop();
    await this.lab.down();
  }

  get sidecar(): SidecarProcess {
    return this.#sidecar!;
  }

  get #client(): SidecarClient {
    return new SidecarClient({ socket: join(this.sidecar.env.AUTO_FIX_STATE_DIR!, SOCKET_FILE), token: null });
  }

  get watch(): JournalWatch {
    return this.#watch!;
  }

  /** The sidecar runs, and nothing that a failed test before this one left holds it up. */
  async ready(): Promise<void> {
    this.watch.release();
    await this.#client.health().catch(() => this.sidecar.start());
  }

  /** As `auto-fix fix SESSION --rung R` and `auto-fix restore BACKUP` ask, over the local socket; null when the sidecar went before it answered. */
  async ask(task: Task, session: string, backup?: string): Promise<Outcome | null> {
    const asked = task === 'restore' ? this.#client.restore(backup!) : this.#client.fix(session, { rung: task }).then(({ outcome }) => outcome);
    return asked.catch((error: Error & { code?: string }) => {
      if (error.code === 'gone' || error.code === 'ECONNRESET' || error.code === 'ECONNREFUSED' || error.code === 'EPIPE') return null;
      throw error;
    });
  }

  /** Everything of all the other sessions, times included, and how often each was started. */
  async others(patient: Patient): Promise<Record<string, unknown>> {
    const seen: Record<string, unknown> = {};
    for (const id of NUMBERS.filter((name) => name !== patient.session)) seen[id] = { tree: this.lab.snapshot(this.lab.baileysFolderOf(id)), keys: await this.lab.snapshotKeys(id), starts: (await this.lab.backend.session(id)).starts };
    for (const name of BROWSERS.filter((one) => one !== patient.session)) seen[name] = { tree: this.lab.snapshot(this.lab.profileOf(name)), starts: (await this.lab.wpp.session(name)).starts };
    return { ...seen, tokens: this.lab.snapshot(join(this.lab.data, 'wppconnect/tokens')) };
  }

  /** Half-written backups and half-restored files. */
  leftovers(): string[] {
    const below = (folder: string) => readdirSync(folder, { recursive: true }).map(String);
    const staged = [join(this.lab.data, 'wppconnect'), join(this.lab.data, 'whaticket')].flatMap(below).filter((path) => path.includes(STAGING));
    const backups = below(this.sidecar.env.AUTO_FIX_BACKUP_DIR!).filter((path) => path.includes('/'));
    const halves = backups.filter((path) => !backups.includes(path.endsWith('.json') ? path.replace(/json$/, 'tar.zst') : path.replace(/tar\.zst$/, 'json')));
    return [...staged, ...halves, ...backups.filter((path) => !/\.(json|tar\.zst)$/.test(path))];
  }

  /** Lines of the operator's log that tell how a repair of that session ended. */
  outcomesTold(session: string, since: number): string[] {
    return this.sidecar.log(since).split('\n').filter((line) => new RegExp(`\\] (ALERT )?${session}: (fixed by|rolled-back|failed|needs a QR scan after|not repaired)`).test(line));
  }
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Dockerode from 'dockerode';
import { realClock } from '../../sidecar/clock.ts';
import { type Delivery, Watcher } from '../../sidecar/watch/watcher.ts';
import { BUSYBOX_IMAGE } from '../lab/bring-up/images.ts';
import { must } from '../lab/bring-up/shell.ts';
import { testSocket } from '../lab/engine.ts';
import { Dice } from '../dice.ts';
import { PrivateEngine } from './private-engine.ts';
import { hitLine, hitsIn, KilledSidecar } from './killed-sidecar.ts';
import { CuttingProxy } from './proxy.ts';
import { identity, writtenLines } from './truth.ts';

export interface TortureOptions {
  seed: number;
  /** The plan goes on until all three are reached. */
  minutes: number;
  lines: number;
  cuts: number;
  /** Ends and kills of the engine itself take some seconds each; 0 leaves them out. */
  engineEnds: boolean;
  tell(message: string): void;
}

export interface TortureResult {
  written: number;
  seenOnce: number;
  lost: number;
  twice: number;
  /** Messages that could not be decrypted, each one hit: printed; stored by the sidecar that was stopped and killed; in its database and never printed. */
  hits: { written: number; stored: number; invented: number };
  cuts: number;
  actions: Record<string, number>;
  /** The first few wrong lines, for a look. */
  examples: string[];
}

/** Numbered lines on both streams, a hit with every forty, now and then a line of many parts; the number survives a restart. */
const WRITER = `
n=$(cat /tmp/n 2>/dev/null || echo 0)
while :; do
  echo $((n+40)) > /tmp/n
  seq $n $((n+39)); seq $n $((n+39)) >&2
  echo "${hitLine('3EB0${HOSTNAME}n$n')}"
  case $((n % 4000)) in 0) head -c 50000 /dev/zero | tr '\\0' x; echo " $n";; esac
  n=$((n+40)); sleep 0.02
done`;
const WRITERS = ['gateway-wrapper', 'wppconnect-server', 'backend'];
/** Small files, so that the log rotates every few seconds, and so many that nothing is thrown away before it was compared. */
const LOG = { Type: 'json-file', Config: { 'max-size': '512k', 'max-file': '2000' } };

/** So many looks, a second apart, in which nothing more arrives: longer than the sidecar takes to find a stream that went silent. */
const QUIET_LOOKS = 60;

/** The sidecar's receiver: lines and cursor at once, or, after a kill, neither. */
class Memory {
  readonly cursors = new Map<string, string>();
  readonly seen = new Map<string, Map<string, number>>();
  lines = 0;

  /** A receiver that can be killed: from then on nothing is kept, whatever the dying watcher still delivers. */
  life() {
    const life = {
      dead: false,
      deliver: ({ lines, cursor }: Delivery) => {
        if (life.dead) return;
        const seen = this.seen.get(cursor.containerId) ?? new Map<string, number>();
        this.seen.set(cursor.containerId, seen);
        for (const line of lines) {
          const key = identity(line.stream, line.ts, line.text);
          seen.set(key, (seen.get(key) ?? 0) + 1);
        }
        this.lines += lines.length;
        this.cursors.set(cursor.containerId, cursor.json);
      },
    };
    return life;
  }
}

/** Runs the plan and compares what arrived with the engine's own files. Leaves nothing behind. */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const folder = mkdtempSync(join(tmpdir(), 'torture-'));
  const engine = new PrivateEngine(join(folder, 'engine'));
  const proxy = new CuttingProxy(join(folder, 'proxy.sock'), engine.socketPath);
  const killed = new KilledSidecar(folder, `unix://${proxy.socketPath}`, WRITERS);
  try {
    await engine.start();
    await proxy.listen();
    return await new Run(options, engine, proxy, killed).go();
  } finally {
    await killed.end('SIGKILL');
    await proxy.close();
    await engine.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Run {
  readonly #options: TortureOptions;
  readonly #engine: PrivateEngine;
  readonly #proxy: CuttingProxy;
  readonly #dice: Dice;
  readonly #memory = new Memory();
  readonly #actions: Record<string, number> = {};
  readonly #killed: KilledSidecar;
  readonly #printed = new Set<string>();
  readonly #result: TortureResult = { written: 0, seenOnce: 0, lost: 0, twice: 0, hits: { written: 0, stored: 0, invented: 0 }, cuts: 0, actions: {}, examples: [] };
  readonly #ids = new Map<string, string>();
  #watcher: Watcher | null = null;
  #life: ReturnType<Memory['life']> | null = null;
  #dying: Promise<void>[] = [];

  constructor(options: TortureOptions, engine: PrivateEngine, proxy: CuttingProxy, killed: KilledSidecar) {
    this.#killed = killed;
    this.#options = options;
    this.#engine = engine;
    this.#proxy = proxy;
    this.#dice = new Dice(options.seed);
  }

  async go(): Promise<TortureResult> {
    await copyImage(testSocket(), this.#engine.socketPath);
    for (const name of WRITERS) await this.#create(name);
    await this.#startSidecar();
    const { minutes, lines, cuts } = this.#options;
    const until = Date.now() + minutes * 60_000;
    while (Date.now() < until || this.#memory.lines < lines || this.#cuts() < cuts) {
      await realClock.sleep(this.#dice.between(50, 900));
      await this.#act();
    }
    for (const name of WRITERS) await this.#compare(name);
    await this.#stopSidecar();
    await Promise.all(this.#dying);
    this.#countHits();
    return { ...this.#result, cuts: this.#cuts(), actions: this.#actions };
  }

  /** Everything that took the stream, the sidecar, a container or the engine away. */
  #cuts(): number {
    return Object.values(this.#actions).reduce((sum, times) => sum + times, 0);
  }

  async #act(): Promise<void> {
    const ends = this.#options.engineEnds ? 1 : 0;
    const action = this.#dice.weighted({
      cut: 8, 'cut in a frame': 8, stall: 4, refuse: 3, 'restart container': 5, 'kill container': 3, recreate: 2,
      'stop sidecar': 4, 'kill sidecar': 6, 'end engine': ends, 'kill engine': ends,
    });
    this.#actions[action] = (this.#actions[action] ?? 0) + 1;
    await this.#do(action);
  }

  async #do(action: string): Promise<void> {
    const dice = this.#dice;
    const name = dice.one(WRITERS);
    if (action === 'cut') return this.#proxy.cutAll();
    if (action === 'cut in a frame') return this.#proxy.cutAfter(() => dice.between(0, 20_000));
    if (action === 'stall') return this.#stall(dice.between(200, 3_000));
    if (action === 'refuse') {
      await this.#proxy.close();
      await realClock.sleep(dice.between(50, 1_500));
      return this.#proxy.listen();
    }
    if (action === 'restart container') return this.#container(name).restart({ t: 0 });
    if (action === 'kill container') {
      await this.#container(name).kill();
      await realClock.sleep(dice.between(0, 500));
      return this.#container(name).start();
    }
    if (action === 'recreate') {
      await this.#compare(name);
      await this.#container(name).remove({ force: true });
      return this.#create(name);
    }
    if (action === 'stop sidecar') {
      await this.#stopSidecar();
      await realClock.sleep(dice.between(0, 2_000));
      return this.#startSidecar();
    }
    if (action === 'kill sidecar') {
      this.#life!.dead = true;
      this.#dying.push(this.#watcher!.stop());
      await this.#killed.end('SIGKILL');
      await realClock.sleep(dice.between(0, 2_000));
      return this.#startSidecar();
    }
    await this.#engine.end(action === 'kill engine' ? 'SIGKILL' : 'SIGTERM');
    await realClock.sleep(dice.between(0, 1_000));
    await this.#engine.start();
  }

  async #stall(ms: number): Promise<void> {
    this.#proxy.stallAll();
    await realClock.sleep(ms);
    if (this.#dice.next() < 0.5) this.#proxy.resumeAll();
    // Else they stay open and silent: the sidecar has to find out by itself.
  }

  #container(name: string): Dockerode.Container {
    return this.#engine.docker.getContainer(this.#ids.get(name)!);
  }

  async #create(name: string): Promise<void> {
    const container = await this.#engine.docker.createContainer({ Image: BUSYBOX_IMAGE, name, Cmd: ['sh', '-c', WRITER], HostConfig: { LogConfig: LOG, NetworkMode: 'none' } });
    this.#ids.set(name, container.id);
    await container.start();
  }

  async #startSidecar(): Promise<void> {
    const life = this.#memory.life();
    this.#life = life;
    this.#watcher = new Watcher({
      docker: new Dockerode({ socketPath: this.#proxy.socketPath }),
      names: WRITERS,
      clock: realClock,
      loadCursor: (id) => this.#memory.cursors.get(id) ?? null,
      deliver: life.deliver,
      tell: (level, message) => (level === 'error' ? this.#options.tell(`  ${message}`) : undefined),
      auditEveryMs: 2_000,
      reconcileEveryMs: 5_000,
      callDeadlineMs: 3_000,
      sinceMs: Number.MAX_SAFE_INTEGER,
    });
    this.#killed.start();
    await this.#watcher.start();
  }

  async #stopSidecar(): Promise<void> {
    await Promise.all([this.#watcher!.stop(), this.#killed.end('SIGTERM')]);
  }

  /** Stops the container, waits until the sidecar has what the engine's file has, and counts. */
  async #compare(name: string): Promise<void> {
    const id = this.#ids.get(name)!;
    await this.#container(name).stop({ t: 0 });
    const written = await writtenLines(this.#engine.logFiles(id));
    for (const hit of hitsIn(written.keys())) this.#printed.add(hit);
    const total = sum(written);
    for (let [quiet, before] = [0, -1]; quiet < QUIET_LOOKS; await realClock.sleep(1_000)) {
      const [lines, hits] = [sum(this.#memory.seen.get(id) ?? new Map()), this.#killed.stored()];
      if (lines >= total && this.#printed.isSubsetOf(hits)) break;
      const now = lines + hits.size;
      quiet = now === before ? quiet + 1 : 0;
      before = now;
    }
    this.#count(name, written, this.#memory.seen.get(id) ?? new Map());
    this.#memory.seen.delete(id);
  }

  #countHits(): void {
    const stored = this.#killed.stored();
    const lost = this.#printed.difference(stored);
    this.#result.hits = { written: this.#printed.size, stored: stored.intersection(this.#printed).size, invented: stored.difference(this.#printed).size };
    if (lost.size > 0) this.#result.examples.push(`hits not stored: ${[...lost].slice(0, 5).join(', ')}; the sidecar said: ${this.#killed.stderr.slice(-500)}`);
  }

  #count(name: string, written: Map<string, number>, seen: Map<string, number>): void {
    const result = this.#result;
    result.written += sum(written);
    for (const [line, times] of written) {
      const arrived = seen.get(line) ?? 0;
      result.seenOnce += Math.min(arrived, times);
      if (arrived !== times && result.examples.length < 10) result.examples.push(`${name}: written ${times}, seen ${arrived}: ${line}`);
      result.lost += Math.max(0, times - arrived);
      result.twice += Math.max(0, arrived - times);
    }
    for (const [line, times] of seen) {
      if (written.has(line)) continue;
      result.twice += times;
      if (result.examples.length < 10) result.examples.push(`${name}: never written so, seen ${times}: ${line}`);
    }
  }
}

const copyImage = (from: string, to: string) =>
  must('sh', ['-c', 'docker -H "unix://$1" save "$3" | docker -H "unix://$2" load', 'sh', from, to, BUSYBOX_IMAGE]);

function sum(counts: Map<string, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}

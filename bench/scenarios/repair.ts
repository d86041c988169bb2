import { randomFillSync } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Redis } from 'ioredis';
import { must } from '../../test/lab/bring-up/shell.ts';
import { startRedis, type TestRedis } from '../../test/lab/redis.ts';
import { snapshotKeys } from '../../test/lab/snapshot.ts';
import { treeOf } from '../../test/repair/fixtures/tree.ts';
import { World } from '../../test/repair/fixtures/world.ts';
import { timed, type Ran } from '../measure.ts';
import { Dice } from '../../test/dice.ts';
import { SEED, scaled, type Bench, type Scenario } from '../scenario.ts';
import { fixed, megabytes, thousands, type Table } from '../table.ts';
import { needed } from '../tools.ts';
import { program } from '../us.ts';

const PROFILE = { session: 'Shop Nord', files: 300, bytes: 1_000_000 };
const BAILEYS = { session: '31', files: 20_000 };
/** Locks are made anew by every start, caches are left out of a backup and listed. */
const notKept = (path: string): boolean => /^Singleton|(?:^|\/)[A-Za-z ]*Cache(?:Storage)?(?:\/|$)/.test(path);

/** Reset and restore of a big session against `tar | zstd` of the same tree; the trees and keys must be the same again. */
export const repair: Scenario = {
  name: 'repair',
  async run(bench) {
    const redis = await startRedis();
    try {
      return [await chromium(bench), await baileys(bench, redis)];
    } finally {
      await redis.stop();
    }
  },
};

async function chromium(bench: Bench): Promise<Table> {
  const world = new World(join(bench.folder, 'chromium'));
  await world.build(null);
  const root = join(world.profiles, PROFILE.session);
  const dice = new Dice(SEED);
  const data = join(root, 'Default/IndexedDB/https_web_0.indexeddb.leveldb');
  // Half of a leveldb file compresses well, half is noise (blobs and keys).
  const bytes = Buffer.alloc(PROFILE.bytes, 'key value of a message store ');
  for (let file = 0; file < scaled(bench, PROFILE.files); file++) {
    randomFillSync(bytes, 0, PROFILE.bytes / 2);
    await writeFile(join(data, `${String(dice.between(0, 9e8)).padStart(9, '0')}-${file}.ldb`), bytes);
  }
  return measure('Repair of a Chromium profile', { bench, world, session: PROFILE.session, root, redis: null });
}

async function baileys(bench: Bench, redis: TestRedis): Promise<Table> {
  const world = new World(join(bench.folder, 'baileys'));
  await world.build(redis.client);
  const root = join(world.sessions, '1', BAILEYS.session);
  await mkdir(root, { recursive: true });
  const dice = new Dice(SEED);
  for (let file = 0; file < scaled(bench, BAILEYS.files); file++) {
    const name = `pre-key-${file + 10}`;
    const text = JSON.stringify({ public: { type: 'Buffer', data: dice.hex(64) }, private: { type: 'Buffer', data: dice.hex(64) } });
    await writeFile(join(root, `${name}.json`), text);
    await redis.client.set(`sessions:${BAILEYS.session}:${name}`, text, ...(file % 10 === 0 ? ['EX', 2_592_000] as const : []) as []);
  }
  return measure('Repair of a Baileys folder with its Redis keys', { bench, world, session: BAILEYS.session, root, redis });
}

interface Subject {
  bench: Bench;
  world: World;
  session: string;
  root: string;
  redis: TestRedis | null;
}

async function measure(title: string, { bench, world, session, root, redis }: Subject): Promise<Table> {
  const time = needed(bench.tools, 'time');
  const zstd = needed(bench.tools, 'zstd');
  await settleTimes(root);
  const before = await treeOf(root, notKept);
  const keysBefore = await keysOf(redis?.client ?? null, session);
  const bytes = await sizeOf(root);

  bench.say(`repair: tar and zstd, ${title}`);
  const shell = (script: string): Promise<Ran> => timed(time, { program: 'bash', args: ['-o', 'pipefail', '-c', script, 'bench', root, join(world.dir, 'peer.tar.zst'), join(world.dir, 'peer'), zstd] });
  await mkdir(join(world.dir, 'peer'));
  const packed = await shell('tar -C "$1" -c . | "$4" -q -3 -f -o "$2" && sync "$2"');
  const unpacked = await shell('"$4" -q -d -c "$2" | tar -C "$3" -x');

  bench.say(`repair: reset and restore, ${title}`);
  const run = (task: string): Promise<Ran> => timed(time, program('repair.ts', task, world.dir, session, redis?.url ?? '-'));
  const reset = await run('reset');
  mustBe('needs-qr', reset);
  const restored = await run('restore');
  mustBe('fixed', restored);
  if (!isDeepStrictEqual(await treeOf(root, notKept), before)) throw new Error(`${title}: the tree after the restore is not the one before the reset`);
  if (!isDeepStrictEqual(await keysOf(redis?.client ?? null, session), keysBefore)) throw new Error(`${title}: the keys after the restore are not those before the reset`);
  await rm(world.dir, { recursive: true });

  const row = (name: string, { wallS, cpuS, peakMb }: Ran): string[] => [name, fixed(wallS, 2), fixed(cpuS, 2), megabytes(peakMb)];
  return {
    title,
    columns: ['what', 'seconds', 'CPU seconds', 'peak memory'],
    rows: [
      row('tar | zstd -3', packed), row('reset: close, backup, read it back, clear, start, verify', reset),
      row('zstd -d | tar', unpacked), row('restore: back up what is there, put back, start, verify', restored),
    ],
    notes: [
      `${thousands(before.length)} entries, ${fixed(bytes / 1e6)} MB${redis ? `, ${thousands(Object.keys(keysBefore).length)} Redis keys, a tenth of them with a time to live` : ''}. Whole processes; a shell pipe's memory is that of its largest part.`,
      `After the restore: content, mode, owner, time and links of every entry${redis ? ' and value and expiry of every key' : ''} are the same as before (caches and locks apart).`,
      'Ours does more than the pipe: a checksum per file, the archive fsynced, read back and compared, a last look for changes, every step in the journal, deletion entry by entry without following links.',
    ],
  };
}

function mustBe(result: string, ran: Ran): void {
  const outcome = JSON.parse(ran.stdout) as { result: string; detail: string };
  if (outcome.result !== result) throw new Error(`${result} was expected, it ended ${outcome.result}: ${outcome.detail}`);
}

const keysOf = async (redis: Redis | null, session: string): Promise<Record<string, unknown>> => (redis ? snapshotKeys(redis, `sessions:${session}:`) : {});

/** Whole seconds, for Node can set times to about a quarter of a microsecond only. */
const settleTimes = (root: string): Promise<unknown> => must('find', [root, '-exec', 'touch', '-h', '-d', '2026-03-01T00:00:00Z', '{}', '+']);

/** By `du`, because some names are no text. */
const sizeOf = async (root: string): Promise<number> => Number((await must('du', ['-sb', root])).stdout.split('\t')[0]);

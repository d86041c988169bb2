import type { Target } from '../fleet/fleet.ts';
import { isKeyStore } from '../stores/redis.ts';
import type { Outcome } from '../words.ts';
import { infoOf, type BackupInfo } from './backup-folder.ts';
import { assertOwn, compare, extraKeysOf } from './compare.ts';
import type { Repairer } from './runner.ts';
import { verifyArchive } from './unpack.ts';

/** What a restore would do, for the question before it. */
export interface RestorePreview {
  backup: BackupInfo;
  /** Clock ms since the backup. */
  ageMs: number;
  write: number;
  /** Files and keys that are not in the backup: kept in a backup of their own, then removed. */
  remove: number;
  keys: number;
  /** Sentences the operator should read first. */
  warnings: string[];
}

/** Signal keys move on with every message: after a day old ones fail more than they help. */
const OLD_KEYS_MS = 24 * 3_600_000;

/** The backups, and the way back to one of them. */
export class Backups {
  readonly #repairer: Repairer;
  readonly #now: () => number;

  constructor(repairer: Repairer, now: () => number) {
    this.#repairer = repairer;
    this.#now = now;
  }

  /** Newest first. `strange` hears of manifests that cannot be trusted. */
  list(session: string | null = null, strange?: (error: Error) => void): Promise<BackupInfo[]> {
    return this.#repairer.folder.list(session, strange);
  }

  /** Reads the whole backup and compares every checksum. Rejects with a StoreError that names what is wrong. */
  async verify(id: string): Promise<BackupInfo> {
    const { folder } = this.#repairer;
    const manifest = await folder.read(folder.idOf(id));
    await verifyArchive(manifest, folder.archive(folder.idOf(id)));
    return infoOf(folder.idOf(id), manifest);
  }

  /** Rejects with a StoreError when it cannot be put back at all. */
  async describeRestore(id: string, target: Target): Promise<RestorePreview> {
    const backup = await this.verify(id);
    const manifest = await this.#repairer.folder.read(backup.id);
    const warnings: string[] = [];
    const ageMs = this.#now() - backup.at;
    if (ageMs > OLD_KEYS_MS && (manifest.keys.length > 0 || manifest.files.some(({ role }) => role === 'keys'))) {
      warnings.push('it holds Signal keys that are more than a day old: messages may fail to decrypt after it (Bad MAC); a repair afterwards clears them and keeps the login');
    }
    if (manifest.files.some(({ damaged }) => damaged)) warnings.push('it holds a damaged login file: it is the state before another restore, not a good one');
    await assertOwn(manifest, target.stores);
    const present = await holding(target.stores);
    const difference = await compare(manifest, present);
    const extraKeys = await extraKeysOf(manifest, present);
    return { backup, ageMs, write: difference.write.filter((index) => manifest.files[index]!.type !== 'directory').length, remove: difference.extra.length + extraKeys.length, keys: manifest.keys.length, warnings };
  }

  /** Backs the present state up first, then puts back, starts and verifies; journalled like any repair. */
  async restore(id: string, target: Target): Promise<Outcome> {
    await this.verify(id);
    return this.#repairer.restore(id, target);
  }
}

/** Of a session whose folder is gone there is nothing to compare with. */
async function holding(stores: Target['stores']): Promise<Target['stores']> {
  const holds = await Promise.all(stores.map(async ({ store, name }) => isKeyStore(store) || (await store.list()).includes(name)));
  return stores.filter((_, index) => holds[index]);
}

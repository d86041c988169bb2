import { hash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rename, rm, rmdir, symlink, type FileHandle } from 'node:fs/promises';
import { bytesOfText } from '../stores/bytes.ts';
import { Folder, FolderCursor } from '../stores/folder.ts';
import { STAGING } from '../stores/names.ts';
import { StoreError } from '../stores/store.ts';
import { kindOf } from '../stores/walk.ts';
import { rootOf, type Manifest, type ManifestFile } from './manifest.ts';
import { setFile, setLink } from './metadata.ts';
import { Checksum, SparseWriter } from './pieces.ts';
import { readArchive, type Member } from './unpack.ts';

/** node's thread pool has four threads; a few more keep it busy. */
const SYNCING_AT_ONCE = 16;

/** In a folder that sessions share (wppconnect's token files) each has one of its own: two may be put back at the same time. */
function stagingName(manifest: Manifest, root: number): string {
  const isItsOwn = manifest.files.some((file) => file.root === root && file.path === '.');
  return isItsOwn ? STAGING : `${STAGING}-${hash('sha256', manifest.session).slice(0, 16)}`;
}

/** A folder inside each root that needs one, where restored files wait, complete and checked, to be renamed into place. */
export class Staging {
  readonly #manifest: Manifest;
  readonly #folders = new Map<number, Folder>();
  readonly #syncing = new Set<Promise<void>>();
  #waiting: number[] = [];

  constructor(manifest: Manifest) {
    this.#manifest = manifest;
  }

  /** Removes what a killed run left. Only our own folder name, only a real folder, only plain files in it. */
  static async sweep(manifest: Manifest): Promise<void> {
    for (const [index, root] of manifest.roots.entries()) {
      const name = stagingName(manifest, index);
      const base = await Folder.open(root);
      try {
        const stats = await base.look(name);
        if (stats === null) continue;
        if (kindOf(stats) !== 'directory') throw new StoreError('unsafe', `${root}/${name} is not the folder this sidecar makes, so nothing is put back there; look at it and remove it`);
        await empty(await base.sub(name));
        await rmdir(base.at(name));
      } finally {
        await base.close();
      }
    }
  }

  /** Phase one: everything that needs space. */
  async fill(archive: string, wanted: readonly number[]): Promise<void> {
    if (wanted.length === 0) return;
    const set = new Set(wanted);
    await readArchive(archive, async (member, index) => {
      if (!set.has(index)) return;
      const file = this.#manifest.files[index]!;
      const folder = await this.#folder(file.root);
      if (file.type === 'symlink') await symlink(bytesOfText(file.target!), folder.at(String(index))).then(() => setLink(folder, String(index), file));
      else await this.#settleLater(await writeChecked(folder, String(index), file, member), file);
      this.#waiting.push(index);
    }).finally(() => Promise.allSettled(this.#syncing));
    await Promise.all(this.#syncing);
    if (this.#waiting.length !== set.size) throw new StoreError('changed', 'the archive is shorter than its manifest; nothing was put back; use another backup');
  }

  /** Phase two: renames, which need no space. */
  async switchIn(): Promise<void> {
    const cursor = new FolderCursor();
    try {
      for (const index of this.#waiting) {
        const file = this.#manifest.files[index]!;
        const { folder, name } = await cursor.holding(rootOf(this.#manifest, file), file.path);
        await rename(this.#folders.get(file.root)!.at(String(index)), folder.at(name));
      }
    } finally {
      await cursor.close();
    }
    this.#waiting = [];
  }

  async remove(): Promise<void> {
    for (const [root, folder] of this.#folders) {
      this.#folders.delete(root);
      await empty(folder);
      const base = await Folder.open(this.#manifest.roots[root]!);
      await rmdir(base.at(stagingName(this.#manifest, root))).finally(() => base.close());
    }
  }

  /** Waiting for the disk file by file would take minutes for 20,000 of them; several at once share its work. */
  async #settleLater(handle: FileHandle, file: ManifestFile): Promise<void> {
    const settling = setFile(handle, file).then(() => handle.sync()).finally(() => handle.close());
    this.#syncing.add(settling);
    settling.then(() => this.#syncing.delete(settling), () => undefined); // a failure stays in the set and is met in fill
    if (this.#syncing.size >= SYNCING_AT_ONCE) await Promise.race(this.#syncing);
  }

  async #folder(root: number): Promise<Folder> {
    const known = this.#folders.get(root);
    if (known) return known;
    const base = await Folder.open(this.#manifest.roots[root]!);
    try {
      const name = stagingName(this.#manifest, root);
      await mkdir(base.at(name), { mode: 0o700 });
      const folder = await base.sub(name);
      this.#folders.set(root, folder);
      return folder;
    } finally {
      await base.close();
    }
  }
}

async function empty(folder: Folder): Promise<void> {
  try {
    for (const name of await folder.names()) await rm(folder.at(name), { force: true });
  } finally {
    await folder.close();
  }
}

/** The written file, checked, still open. */
async function writeChecked(folder: Folder, name: string, file: ManifestFile, member: Member): Promise<FileHandle> {
  const handle = await open(folder.at(name), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  try {
    const sum = new Checksum();
    const out = new SparseWriter(handle);
    for await (const piece of member.bytes) {
      sum.update(piece);
      await out.write(piece);
    }
    if (sum.hex() !== file.sha256) throw new StoreError('changed', `the backup of ${file.path} is damaged, so nothing was put back; use another backup (auto-fix backups)`);
    await out.end();
    return handle;
  } catch (error) {
    await handle.close();
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC' || (error as NodeJS.ErrnoException).code === 'EDQUOT') {
      throw new StoreError('no-space', `no space left in ${folder.path} to put the backup back, so nothing of it was; free some space on that volume, then restore again`, { cause: error });
    }
    throw error;
  }
}

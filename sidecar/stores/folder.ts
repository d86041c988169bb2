import { constants, type BigIntStats, type PathLike } from 'node:fs';
import { lstat, open, readdir, type FileHandle } from 'node:fs/promises';
import { bytesOfText, textOfBytes } from './bytes.ts';
import { StoreError } from './store.ts';

/** Linux' O_PATH, which node does not export: a handle on a folder that needs no right to read it. */
const O_PATH = 0o10000000;
const FOLDER = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * A folder held open. Everything is done relative to the handle (`/proc/self/fd/N/name` is Linux' openat), so a folder
 * that is swapped for a symlink afterwards leads nowhere: the handle stays on the real one. No step follows a link.
 */
export class Folder {
  readonly path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Opens an absolute path component by component. StoreError `unsafe` when one of them is a symlink. */
  static async open(absolute: string): Promise<Folder> {
    let folder = new Folder('/', await open('/', FOLDER));
    for (const name of absolute.split('/').filter(Boolean)) folder = await folder.#step(name);
    return folder;
  }

  /** The folder below, `path` relative (`.` is this one, opened again). The caller closes both. */
  async sub(path: string): Promise<Folder> {
    let folder = new Folder(this.path, await open(this.self(), FOLDER));
    for (const name of path.split('/').filter((part) => part !== '.' && part !== '')) folder = await folder.#step(name);
    return folder;
  }

  async #step(name: string): Promise<Folder> {
    try {
      const path = `${this.path === '/' ? '' : this.path}/${name}`;
      return new Folder(path, await open(this.at(name), FOLDER).catch((cause) => this.#explain(name, cause)));
    } finally {
      await this.close();
    }
  }

  async #explain(name: string, cause: NodeJS.ErrnoException): Promise<never> {
    if (cause.code !== 'ENOTDIR' && cause.code !== 'ELOOP') throw cause;
    throw new StoreError('unsafe', `${this.path}/${name} is not a real folder (a symlink or a file stands there), so nothing below it is touched; put the session's own folder back`, { cause });
  }

  /** A path that leads to `name` in this folder and nowhere else. `name` is one component. */
  at(name: string): PathLike {
    if (name.includes('/') || name === '..') throw new StoreError('unsafe', `${JSON.stringify(name)} is no plain name in ${this.path}`);
    return Buffer.concat([Buffer.from(`/proc/self/fd/${this.#handle.fd}/`), bytesOfText(name)]);
  }

  /** This folder itself, for calls that take a path. */
  self(): string {
    return `/proc/self/fd/${this.#handle.fd}/.`;
  }

  lstat(name: string): Promise<BigIntStats> {
    return lstat(this.at(name), { bigint: true });
  }

  /** Null where nothing stands under that name. */
  async look(name: string): Promise<BigIntStats | null> {
    return this.lstat(name).catch(nullIfGone);
  }

  async names(): Promise<string[]> {
    const names = await readdir(Buffer.from(this.self()), { encoding: 'buffer' });
    return names.map(textOfBytes).sort();
  }

  /** Names with their kinds as the folder tells them, which spares a look at each. */
  async entries(): Promise<{ name: string; type: 'file' | 'directory' | 'symlink' | 'other' }[]> {
    const found = await readdir(Buffer.from(this.self()), { encoding: 'buffer', withFileTypes: true });
    return found
      .map((entry) => ({ name: textOfBytes(entry.name), type: entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : entry.isSymbolicLink() ? 'symlink' : 'other' } as const))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Opens a regular file for reading: never through a link, never waiting for the other end of a pipe. */
  openFile(name: string): Promise<FileHandle> {
    return open(this.at(name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  }

  /** Makes what was renamed, made or unlinked here survive a power cut. */
  async sync(): Promise<void> {
    const handle = await open(this.self(), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

export function nullIfGone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

/** Walks many paths of one root and keeps the folder of the last one open: paths come sorted, so that is nearly all. */
export class FolderCursor {
  readonly #roots = new Map<string, Folder>();
  #current: { key: string; folder: Folder } | null = null;

  /** The open folder that holds `path`, and the last component. ENOENT when the folder is gone. */
  async holding(root: string, path: string): Promise<{ folder: Folder; name: string }> {
    const cut = path.lastIndexOf('/');
    const below = cut < 0 ? '.' : path.slice(0, cut);
    return { folder: await this.#folder(root, below), name: path.slice(cut + 1) };
  }

  async #folder(root: string, below: string): Promise<Folder> {
    const key = `${root}\0${below}`;
    if (this.#current?.key === key) return this.#current.folder;
    await this.#current?.folder.close();
    this.#current = null;
    const base = this.#roots.get(root) ?? (await Folder.open(root));
    this.#roots.set(root, base);
    this.#current = { key, folder: await base.sub(below) };
    return this.#current.folder;
  }

  async close(): Promise<void> {
    await this.#current?.folder.close();
    this.#current = null;
    for (const folder of this.#roots.values()) await folder.close();
    this.#roots.clear();
  }
}

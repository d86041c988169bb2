import { access, constants, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../stores/store.ts';
import { nullIfGone } from '../stores/folder.ts';
import { backupFault, sayWhy } from './faults.ts';
import { textOf, type Manifest } from './manifest.ts';

const ARCHIVE = '.tar.zst';
const MANIFEST = '.json';
const PARTIAL = '.partial';

export interface BackupStub {
  /** `<session folder>/<UTC time>-<rung>`: what `restore` takes. */
  id: string;
  rung: Manifest['rung'];
  /** Clock ms. */
  at: number;
}

export interface BackupInfo extends BackupStub {
  session: string;
  reason: string;
  archiveBytes: number;
  files: number;
  keys: number;
}

/**
 * `<backups>/<session>/<UTC time>-<rung>.tar.zst` beside its `.json`. A backup exists when both names do: the archive
 * is renamed into place first, the manifest last.
 */
export class BackupFolder {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  newId(session: string, atMs: number, rung: Manifest['rung']): string {
    return `${folderName(session)}/${new Date(atMs).toISOString().replaceAll(':', '-')}-${rung}`;
  }

  archive(id: string): string {
    return join(this.dir, checked(id) + ARCHIVE);
  }

  manifest(id: string): string {
    return join(this.dir, checked(id) + MANIFEST);
  }

  partial(id: string): string {
    return this.archive(id) + PARTIAL;
  }

  relative(id: string): string {
    return id + ARCHIVE;
  }

  /** Why nothing can be written there, in the operator's words; null when it can. Room is known only when it is needed. */
  async whyNotTaken(): Promise<string | null> {
    const tried = mkdir(this.dir, { recursive: true, mode: 0o700 }).then(() => access(this.dir, constants.W_OK | constants.X_OK));
    return tried.catch((cause) => backupFault(this.dir, cause)).then(() => null, sayWhy);
  }

  /** Accepts an id, or the path of either of its files as a log line or `ls` shows it. */
  idOf(spelled: string): string {
    return checked(spelled.replace(/(\.tar\.zst|\.json)$/, '').split('/').slice(-2).join('/'));
  }

  async read(id: string): Promise<Manifest> {
    const path = this.manifest(id);
    const text = await readFile(path, 'utf8').catch(nullIfGone);
    if (text === null) throw new StoreError('unreadable', `there is no backup ${id}; auto-fix backups lists them`);
    const { parseManifest } = await import('./manifest-schema.ts'); // with the first backup, not with every start
    return parseManifest(text, path);
  }

  async exists(id: string): Promise<boolean> {
    return (await stat(this.manifest(id)).catch(nullIfGone)) !== null;
  }

  /** Newest first. A manifest that cannot be trusted is handed to `strange` and left out. */
  async list(session: string | null, strange: (error: Error) => void = () => undefined): Promise<BackupInfo[]> {
    const folders = session === null ? ((await readdir(this.dir).catch(nullIfGone)) ?? []) : [folderName(session)];
    const found: BackupInfo[] = [];
    for (const folder of folders) {
      for (const file of (await readdir(join(this.dir, folder)).catch(nullIfGoneOrFile)) ?? []) {
        if (!file.endsWith(MANIFEST)) continue;
        const id = `${folder}/${file.slice(0, -MANIFEST.length)}`;
        const manifest = await this.read(id).catch(strange);
        if (manifest) found.push(infoOf(id, manifest));
      }
    }
    return found.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
  }

  /** What the names tell of a session's backups, newest first: enough for retention, and a big manifest stays unread. */
  async stubs(session: string): Promise<BackupStub[]> {
    const files = (await readdir(join(this.dir, folderName(session))).catch(nullIfGoneOrFile)) ?? [];
    const stubs = files.flatMap((file): BackupStub[] => {
      const [, day, time, rung] = /^(\d{4}-\d\d-\d\d)T(\d\d-\d\d-\d\d\.\d+Z)-(repair|reset|before-restore)\.json$/.exec(file) ?? [];
      return day ? [{ id: `${folderName(session)}/${file.slice(0, -MANIFEST.length)}`, rung: rung as Manifest['rung'], at: Date.parse(`${day}T${time!.replaceAll('-', ':')}`) }] : [];
    });
    return stubs.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
  }

  /** The folder of a new backup, for this user only. */
  async prepare(id: string): Promise<void> {
    await makeFolder(this.dir, true);
    await makeFolder(join(this.dir, checked(id).split('/')[0]!), false);
  }

  /** Puts a finished archive and its manifest in place so that both survive a power cut. */
  async publish(id: string, manifest: Manifest): Promise<void> {
    const partial = this.manifest(id) + PARTIAL;
    const handle = await open(partial, 'w', 0o600);
    try {
      await handle.writeFile(textOf(manifest));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(this.partial(id), this.archive(id));
    await rename(partial, this.manifest(id));
    for (const folder of [join(this.dir, id.split('/')[0]!), this.dir]) await syncFolder(folder);
  }

  /** Removes one backup. Its manifest is marked first: what a cut in between leaves is a half, never an archive that belongs to nobody. */
  async remove(id: string): Promise<void> {
    await rename(this.manifest(id), this.manifest(id) + PARTIAL).catch(nullIfGone);
    await this.sweep(id);
  }

  /** Removes what a cut left of a backup that was being made or removed; a whole one stays. The mark goes last. */
  async sweep(id: string): Promise<void> {
    await rm(this.partial(id), { force: true });
    if (!(await this.exists(id))) await rm(this.archive(id), { force: true });
    await rm(this.manifest(id) + PARTIAL, { force: true });
  }

  /** Backups that are being made or removed, or were when something cut it. */
  async halves(): Promise<{ session: string; id: string }[]> {
    const ids = new Map<string, string>();
    for (const folder of (await readdir(this.dir).catch(nullIfGone)) ?? []) {
      for (const file of (await readdir(join(this.dir, folder)).catch(nullIfGoneOrFile)) ?? []) {
        const name = /^(\d{4}-\d\d-\d\dT.*?)(\.tar\.zst|\.json)\.partial$/.exec(file)?.[1];
        if (name !== undefined) ids.set(`${folder}/${name}`, sessionOf(folder));
      }
    }
    return [...ids].map(([id, session]) => ({ session, id }));
  }
}

export function infoOf(id: string, manifest: Manifest): BackupInfo {
  return {
    id, session: manifest.session, rung: manifest.rung, reason: manifest.reason, at: Date.parse(manifest.at), archiveBytes: manifest.archiveBytes,
    files: manifest.files.filter((file) => file.type !== 'directory').length, keys: manifest.keys.length,
  };
}

/** A session's name as one folder name: what could lead elsewhere or hide is written as %XX. */
export function folderName(session: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what must not reach a folder name
  return session.replace(/^\.|[/%\x00-\x1f\x7f]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/** The session whose backups lie in a folder of that name. */
function sessionOf(folder: string): string {
  return folder.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function checked(id: string): string {
  if (/^[^/.][^/\0]*\/\d{4}-\d\d-\d\dT[^/\0]+$/.test(id)) return id;
  throw new StoreError('unsafe', `${JSON.stringify(id.slice(0, 80))} is no name of a backup; auto-fix backups lists them`);
}

/** Only what is missing: on a read-only volume node's recursive mkdir says ENOENT, which nobody could act on. */
async function makeFolder(path: string, recursive: boolean): Promise<void> {
  if ((await stat(path).catch(nullIfGone)) === null) await mkdir(path, { recursive, mode: 0o700 });
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function nullIfGoneOrFile(error: NodeJS.ErrnoException): null {
  return error.code === 'ENOTDIR' ? null : nullIfGone(error);
}

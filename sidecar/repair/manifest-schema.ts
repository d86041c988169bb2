import { z } from 'zod';
import { StoreError } from '../stores/store.ts';
import type { Manifest } from './manifest.ts';

/** A file, folder or link as it stood when it was backed up; times and inode as text, they do not fit a number. */
export const fileSchema = z.object({
  /** Index into `roots`. */
  root: z.number().int().nonnegative(),
  path: z.string().min(1),
  type: z.enum(['file', 'symlink', 'directory']),
  role: z.enum(['keys', 'login', 'kept']),
  mode: z.number().int(),
  uid: z.number().int(),
  gid: z.number().int(),
  size: z.number().int().nonnegative(),
  mtimeNs: z.string().regex(/^-?\d+$/),
  ino: z.string().regex(/^\d+$/),
  sha256: z.string().length(64).optional(),
  target: z.string().optional(),
  /** The bytes were not whole when read; only the state before a restore may be kept like that. */
  damaged: z.literal(true).optional(),
});

export const keySchema = z.object({
  key: z.string().min(1),
  role: z.enum(['keys', 'login', 'kept', 'disposable']),
  pttl: z.number().int().min(-1),
  size: z.number().int().nonnegative(),
  sha256: z.string().length(64),
});

export const headSchema = z.object({
  version: z.literal(1),
  session: z.string().min(1),
  /** The repair that made it, as in the journal. */
  repair: z.string(),
  rung: z.enum(['repair', 'reset', 'before-restore']),
  reason: z.string(),
  /** UTC, ISO 8601. */
  at: z.string(),
  /** Real folders the files stood in. */
  roots: z.array(z.string().startsWith('/')),
  archiveBytes: z.number().int().nonnegative(),
});

export const disposableSchema = z.object({ root: z.number().int().nonnegative(), path: z.string() });
/** The long lists are checked entry by entry, so that a big manifest is not held twice. */
const LISTS = { files: fileSchema, keys: keySchema, disposable: disposableSchema } as const;

/** The form of a manifest this program writes; anything else is a StoreError `unsafe`: it is not acted on. */
export function parseManifest(text: string, path: string): Manifest {
  try {
    const given = JSON.parse(text) as Manifest;
    const manifest: Manifest = { ...headSchema.parse(given), files: checked(given, 'files'), keys: checked(given, 'keys'), disposable: checked(given, 'disposable') };
    for (const { root, path: below } of [...manifest.files, ...manifest.disposable]) {
      if (manifest.roots[root] === undefined || !isBelow(below)) throw new Error(`entry ${JSON.stringify(below)} leads out of its folder`);
    }
    return manifest;
  } catch (cause) {
    throw new StoreError('unsafe', `${path} is not a backup manifest this version can trust, so nothing is put back from it; use another backup`, { cause });
  }
}

function checked<L extends keyof typeof LISTS>(given: Partial<Manifest>, list: L): Manifest[L] {
  const entries: unknown = given[list];
  if (!Array.isArray(entries)) throw new Error(`it has no list of ${list}`);
  for (const [index, entry] of entries.entries()) entries[index] = LISTS[list].parse(entry);
  return entries as Manifest[L];
}

const isBelow = (path: string): boolean =>
  path === '.' || (!path.startsWith('/') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'));

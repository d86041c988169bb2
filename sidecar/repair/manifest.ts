import type { z } from 'zod';
import type { Role } from '../stores/store.ts';
import type { disposableSchema, fileSchema, headSchema, keySchema } from './manifest-schema.ts';

export type ManifestFile = z.infer<typeof fileSchema>;
export type ManifestKey = z.infer<typeof keySchema> & { role: Role };
export interface Manifest extends z.infer<typeof headSchema> {
  files: ManifestFile[];
  keys: ManifestKey[];
  /** Left out: caches and stale locks. */
  disposable: z.infer<typeof disposableSchema>[];
}

/** Entries in one piece of the text; the whole of a big manifest as one string would cost its size twice. */
const ENTRIES_AT_ONCE = 500;

/** The manifest as JSON, in pieces. */
export function* textOf({ files, keys, disposable, ...head }: Manifest): Generator<string> {
  yield JSON.stringify(head).slice(0, -1);
  for (const [list, entries] of Object.entries({ files, keys, disposable })) {
    yield `,${JSON.stringify(list)}:[`;
    for (let at = 0; at < entries.length; at += ENTRIES_AT_ONCE) {
      yield (at > 0 ? ',' : '') + JSON.stringify(entries.slice(at, at + ENTRIES_AT_ONCE)).slice(1, -1);
    }
    yield ']';
  }
  yield '}';
}

export const rootOf = (manifest: Manifest, entry: { root: number }): string => manifest.roots[entry.root]!;

/** Name of the entry inside the archive. A name that is no text travels by its number, the manifest knows it. */
export function memberOfFile(file: ManifestFile, index: number): string {
  const path = file.path === '.' ? '' : file.path;
  return path.isWellFormed() ? `files/${file.root}/${path}` : `files/${file.root}.odd-names/${index}`;
}

export const memberOfKey = (index: number): string => `redis/${index}.dump`;

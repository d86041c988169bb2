import { StoreError } from './store.ts';

/** The longest file name Linux takes, in bytes. */
const LONGEST_NAME = 255;

/** One folder or file name, and nothing that leads elsewhere. */
export function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name) && Buffer.byteLength(name) <= LONGEST_NAME;
}

/** Throws a StoreError `unsafe` unless the session's name is a plain folder name. */
export function requirePlainName(name: string): string {
  if (isPlainName(name)) return name;
  throw new StoreError('unsafe', `${shown(name)} is no name of a session folder, so nothing of it is read or changed; name a session that the gateway lists`);
}

/** A name for a message: one line, bounded. */
export const shown = (name: string): string => JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}...` : name);

/** Names this sidecar gives to its own half-finished files inside a session; a kill may leave one behind. */
export const STAGING = '.auto-fix-staging';

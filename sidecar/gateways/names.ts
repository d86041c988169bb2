import { GatewayError } from './gateway.ts';

/** Longer than any session name seen, shorter than what servers and file systems take as one name. */
const LONGEST_NAME = 200;

/**
 * True for a name that can stand in a path or URL as one part. `:` ends the session's name inside wppconnect-server
 * (it splits `session:token`), a slash would address another route or folder, dots alone climb.
 */
export function isUsableName(name: string): boolean {
  return name.length > 0 && name.length <= LONGEST_NAME && name.isWellFormed()
    && !/[/\\:\p{Cc}]/u.test(name) && !/^\.+$/.test(name) && name.trim() === name;
}

/** The session's name as one part of a URL's path. Throws a GatewayError on a name that could address anything else. */
export function urlPart(name: string): string {
  if (isUsableName(name)) return encodeURIComponent(name);
  throw new GatewayError('unexpected', `the session name ${JSON.stringify(name.slice(0, 40))} cannot be used in an address, so that session is left alone; rename it in the gateway`);
}

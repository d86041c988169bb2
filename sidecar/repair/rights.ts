import { readFileSync } from 'node:fs';
import { StoreError, type Role } from '../stores/store.ts';
import { rootOf, type Manifest } from './manifest.ts';

/** Linux' CAP_CHOWN is bit 0 of the effective capabilities. */
const CHOWN = 1n;

/** Throws a StoreError when one of the files of these roles could be read here and not be made again as it is, with its owner. */
export function assertCouldPutBack(manifest: Manifest, roles: ReadonlySet<Role>): void {
  if (mayGiveAway()) return;
  const [user, groups] = [process.geteuid!(), new Set([process.getegid!(), ...process.getgroups!()])];
  const foreign = manifest.files.find((file) => roles.has(file.role) && (file.uid !== user || !groups.has(file.gid)));
  if (!foreign) return;
  throw new StoreError('unreadable', `${rootOf(manifest, foreign)}/${foreign.path} belongs to user ${foreign.uid} and group ${foreign.gid}, and this process (user ${user}) may not give files away, so it could not be put back as it was; nothing was deleted; run the sidecar as root with the capability CHOWN, or as that user`);
}

function mayGiveAway(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(statusOfSelf())?.[1];
  return effective === undefined ? process.geteuid!() === 0 : (BigInt(`0x${effective}`) & CHOWN) !== 0n;
}

function statusOfSelf(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return ''; // a sandbox without it: then root is taken at its word
  }
}

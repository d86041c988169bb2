import type { Fields } from './envelope.ts';
import { valueAt } from './fields.ts';

/** `at async 5500000000001.0 [as awaitable]` inside a stack that a logger put into its line. */
const IN_STACK = /\bat (?:async )?(\d{5,20}(?:_\d{1,3})?\.\d{1,3}) \[as awaitable\]/;
/** `5500000000001:7@s.whatsapp.net`; groups have no address. */
const JID = /^(\d{5,20})(?::(\d{1,3}))?@(s\.whatsapp\.net|c\.us|lid)$/;

/** Where a logger's line names the remote peer. */
const JID_FIELDS = ['author', 'sender', 'key.participant', 'key.participantAlt', 'key.remoteJid', 'key.remoteJidAlt'].map((path) => path.split('.'));

/** The Signal addresses the peer of that line may have, the one of the stack first. */
export function peersIn(fields: Fields | null): string[] {
  if (!fields) return [];
  const stack = valueAt(fields, ['err', 'stack']);
  const inStack = typeof stack === 'string' ? IN_STACK.exec(stack.slice(0, 4_096))?.[1] : undefined;
  const jids = JID_FIELDS.map((path) => addressOf(valueAt(fields, path))).filter((address) => address !== null);
  return [...new Set(inStack === undefined ? jids : [inStack, ...jids])];
}

/** libsignal writes the user, `_1` for a hidden-number (lid) user, and the device. */
function addressOf(jid: unknown): string | null {
  const parts = typeof jid === 'string' ? JID.exec(jid) : null;
  return parts && `${parts[1]}${parts[3] === 'lid' ? '_1' : ''}.${parts[2] ?? '0'}`;
}

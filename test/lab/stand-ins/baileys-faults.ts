import { randomBytes } from 'node:crypto';
import type { BaileysSession } from './baileys-session.ts';

/** libsignal's number for a chain by which a peer's messages are read. */
const RECEIVING = 2;

interface StoredSession {
  currentRatchet: { rootKey: string };
  indexInfo: { baseKey: string; closed: number; used: number };
  _chains: Record<string, { chainType: number; chainKey: { key?: string }; messageKeys: Record<string, string> }>;
}
interface StoredRecord { _sessions: Record<string, StoredSession>; version: string }

/** What a test can do to one number: `POST /__lab/sessions/26/corrupt-session` with a JSON body. */
export const BAILEYS_FAULTS: Record<string, (session: BaileysSession, given: Record<string, unknown>) => unknown> = {
  /** Every later message of that peer fails with Bad MAC, once per `states`, until the keys are cleared. */
  'corrupt-session': (session, { peer = 0, states = 1 }) => corruptSession(session, Number(peer), Number(states)),
  /** The peer begins anew with a pre-key that our store has lost: Invalid PreKey ID until the keys are cleared. */
  'lose-pre-key': (session, { peer = 0 }) => losePreKey(session, Number(peer)),
  /** `{"peer":0,"count":6,"copies":1,"text":"hello"}`: messages arrive. */
  'message': async (session, { peer = 0, count = 1, copies = 1, text = 'hello' }) => {
    const received = [];
    for (let i = 0; i < Number(count); i++) received.push(await session.receive(Number(peer), String(text), Number(copies)));
    return received;
  },
  'scan': (session) => session.scan(),
  'unlink-phone': (session) => session.unlinkOnPhone(),
  /** `{"on":true}`: later starts stay OPENING. */
  'stuck-starts': (session, { on = true }) => void (session.stuck = on === true),
  /** `{"on":true}`: no sender follows a retry receipt, so messages go on failing after any repair. */
  'never-heal': (session, { on = true }) => void (session.parts.world.heals = on !== true),
};

async function corruptSession(session: BaileysSession, peerIndex: number, states: number): Promise<void> {
  const keys = opened(session);
  const address = `${session.parts.world.peers[peerIndex]!.jid.split('@')[0]}.0`;
  const record = structuredClone((await keys.get('session', [address]))[address]) as unknown as StoredRecord | undefined;
  if (!record) throw new Error(`number ${session.parts.id} has no session with ${address} to corrupt`);
  for (const stored of Object.values(record._sessions)) spoil(stored);
  const [live] = Object.values(record._sessions);
  for (let i = 1; i < states; i++) addClosedCopy(record, live!, i);
  await keys.set({ session: { [address]: record as never } });
}

/** Both the chain that is being read and the root of the next one, so that no turn of the ratchet mends it. */
function spoil(stored: StoredSession): void {
  stored.currentRatchet.rootKey = randomBytes(32).toString('base64');
  for (const chain of Object.values(stored._chains)) {
    if (chain.chainType === RECEIVING) chain.chainKey.key = randomBytes(32).toString('base64');
  }
}

/** An older state of the same conversation; libsignal tries them all and prints one `Session error` for each. */
function addClosedCopy(record: StoredRecord, live: StoredSession, age: number): void {
  const baseKey = randomBytes(33).toString('base64');
  const copy = structuredClone(live);
  copy.indexInfo = { ...copy.indexInfo, baseKey, closed: Date.now() - age * 60_000, used: Date.now() - age * 60_000 };
  record._sessions[baseKey] = copy;
}

async function losePreKey(session: BaileysSession, peerIndex: number): Promise<number> {
  const keys = opened(session);
  const { world } = session.parts;
  const id = world.nextPreKeyId();
  if (id === null) throw new Error(`number ${session.parts.id} has no pre-key left on the server`);
  const peer = world.peers[peerIndex]!;
  peer.forget();
  await peer.seal(Buffer.alloc(1)); // takes the bundle with that pre-key; the message itself is lost on the way
  await keys.set({ 'pre-key': { [id]: null } });
  return id;
}

function opened(session: BaileysSession) {
  if (session.status !== 'OPENED' || !session.keys) throw new Error(`number ${session.parts.id} is ${session.status}: only an open session's keys go bad`);
  return session.keys;
}

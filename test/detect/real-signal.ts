import pino from 'pino';
import { makeLibSignalRepository } from 'baileys/lib/Signal/libsignal.js';
import { addTransactionCapability, decryptMessageNode, initAuthCreds, type SignalDataTypeMap, type SignalKeyStore } from 'baileys';

export const PEER = '5500000000001';
const ALICE = `${PEER}@s.whatsapp.net`;
const BOB = '5500000000002@s.whatsapp.net';

/** A line as the process printed it, in order. */
export interface Printed {
  stream: 'stdout' | 'stderr';
  text: string;
}

/**
 * Two parties in memory on the real libsignal and Baileys: Alice writes, Bob decrypts the way Baileys does and logs
 * through pino with `sessionId`. What Bob's process prints is kept, console and logger in the order of printing.
 */
export async function twoParties(sessionId: string | null) {
  const printed: Printed[] = [];
  const print = (stream: Printed['stream']) => (text: string) => printed.push(...text.replace(/\n$/, '').split('\n').map((one) => ({ stream, text: one })));
  const logger = pino({ level: 'info', base: sessionId === null ? {} : { sessionId } }, { write: print('stdout') });
  const alice = party(pino({ level: 'silent' }));
  const bob = party(logger);
  const oneTime = bob.preKey(7);
  await alice.repository.injectE2ESession({ jid: BOB, session: bob.bundle(oneTime) });

  const send = async (text: string) => {
    // One message part: a plain text, padded to the block as WhatsApp pads it.
    const body = Buffer.concat([Buffer.from([0x0a, text.length]), Buffer.from(text), Buffer.from([1])]);
    return alice.repository.encryptMessage({ jid: BOB, data: body });
  };
  const receive = async (message: { type: 'msg' | 'pkmsg'; ciphertext: Uint8Array }, id: string) => {
    const node = { tag: 'message', attrs: { from: ALICE, id, t: '1772600000', type: 'text' }, content: [{ tag: 'enc', attrs: { type: message.type, v: '2' }, content: message.ciphertext }] };
    const decoded = decryptMessageNode(node, BOB, '', bob.repository, logger as never);
    await capturing(print, () => decoded.decrypt());
    return decoded.fullMessage.message?.conversation ?? null;
  };
  const answer = async () => {
    const reply = await bob.repository.encryptMessage({ jid: ALICE, data: Buffer.from([0x0a, 1, 0x6f, 1]) });
    await alice.repository.decryptMessage({ jid: BOB, type: reply.type, ciphertext: reply.ciphertext });
  };
  return { printed, send, receive, answer, bob };
}

function party(logger: pino.Logger) {
  const creds = initAuthCreds();
  const data = new Map<string, unknown>();
  const store: SignalKeyStore = {
    get: async (type, ids) => Object.fromEntries(ids.flatMap((id) => (data.has(`${type}/${id}`) ? [[id, data.get(`${type}/${id}`)]] : []))) as { [id: string]: SignalDataTypeMap[typeof type] },
    set: async (all) => {
      for (const [type, entries] of Object.entries(all)) {
        for (const [id, value] of Object.entries(entries ?? {})) {
          if (value === null) data.delete(`${type}/${id}`);
          else data.set(`${type}/${id}`, value);
        }
      }
    },
  };
  const keys = addTransactionCapability(store, logger as never, { maxCommitRetries: 1, delayBetweenTriesMs: 1 });
  const repository = makeLibSignalRepository({ creds, keys }, logger as never);
  return {
    repository,
    data,
    preKey: (keyId: number) => {
      const pair = initAuthCreds().signedPreKey.keyPair;
      data.set(`pre-key/${keyId}`, pair);
      return { keyId, publicKey: signalKey(pair.public) };
    },
    bundle: (preKey: { keyId: number; publicKey: Uint8Array }) => ({
      registrationId: creds.registrationId,
      identityKey: signalKey(creds.signedIdentityKey.public),
      signedPreKey: { keyId: creds.signedPreKey.keyId, publicKey: signalKey(creds.signedPreKey.keyPair.public), signature: creds.signedPreKey.signature },
      preKey,
    }),
  };
}

/** libsignal marks public keys by a leading 5. */
const signalKey = (key: Uint8Array): Uint8Array => (key.length === 33 ? key : Buffer.concat([Buffer.from([5]), key]));

async function capturing(print: (stream: Printed['stream']) => (text: string) => void, work: () => Promise<void>): Promise<void> {
  const kept = { error: console.error, warn: console.warn, info: console.info };
  const to = (stream: Printed['stream']) => (...args: unknown[]) => print(stream)(`${args.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(' ')}\n`);
  Object.assign(console, { error: to('stderr'), warn: to('stderr'), info: to('stdout') });
  try {
    await work();
  } finally {
    Object.assign(console, kept);
  }
}

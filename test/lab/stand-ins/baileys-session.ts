import { randomBytes } from 'node:crypto';
import { makeLibSignalRepository } from 'baileys/lib/Signal/libsignal.js';
import type { SignalRepositoryWithLIDStore } from 'baileys/lib/Types/Signal.js';
import { addTransactionCapability } from 'baileys/lib/Utils/auth-utils.js';
import { decryptMessageNode } from 'baileys/lib/Utils/decode-wa-message.js';
import { encodeWAMessage } from 'baileys/lib/Utils/generics.js';
import { getNextPreKeys } from 'baileys/lib/Utils/signal.js';
import type { Logger } from 'pino';
import { MirroredKeys, type RedisMirror } from './baileys-keys.ts';
import { ownUser, type Sealed } from './baileys-peer.ts';
import type { World } from './baileys-world.ts';

export type BackendStatus = 'DISCONNECTED' | 'OPENING' | 'OPENED' | 'qrcode';

/** Baileys uploads so many when the server asks. */
const PRE_KEYS = 30;

export interface BaileysParts {
  id: number;
  dir: string;
  world: World;
  mirror: RedisMirror;
  /** The library's logger: JSON lines without the session's name. */
  logger: Logger;
  /** A line of the host program itself. */
  say: (level: 'INFO' | 'WARN' | 'ERROR', text: string) => void;
  startMs: number;
  now: () => number;
}

/** What came of one message: the text, or the library's error. */
export interface Received {
  id: string;
  text: string | null;
  error: string | null;
  /** 2 when a retry receipt made the sender begin anew. */
  attempts: number;
}

type Signal = SignalRepositoryWithLIDStore;

/** One number of the backend, with real keys and the real decryption. */
export class BaileysSession {
  readonly parts: BaileysParts;
  status: BackendStatus = 'DISCONNECTED';
  connectedSince: string | null = null;
  starts = 0;
  /** Later starts hang in OPENING. */
  stuck = false;
  keys: MirroredKeys | null = null;
  #signal: Signal | null = null;
  #run = 0;

  constructor(parts: BaileysParts) {
    this.parts = parts;
  }

  /** Reads the keys afresh and opens in the background, as the real routes do. */
  start(): void {
    if (this.status !== 'DISCONNECTED') return;
    this.starts++;
    this.status = 'OPENING';
    const run = ++this.#run;
    this.parts.say('INFO', 'starting session');
    this.#open(run).catch((error: unknown) => this.parts.say('ERROR', `start failed: ${(error as Error).message}`));
  }

  async #open(run: number): Promise<void> {
    const { dir, mirror, logger, world, startMs, say } = this.parts;
    await new Promise((resolve) => setTimeout(resolve, startMs));
    if (this.stuck || run !== this.#run) return;
    this.keys = await MirroredKeys.open(dir, mirror);
    logger.info('connected to WA');
    if (!this.keys.creds.me) {
      this.status = 'qrcode';
      return say('INFO', 'waiting for QR code scan');
    }
    if (!world.isLinked(this.keys.creds)) return this.#refused();
    await this.#opened();
  }

  async #opened(): Promise<void> {
    const { logger, world, say, now } = this.parts;
    const keys = this.keys!;
    const auth = { creds: keys.creds, keys: addTransactionCapability(keys, logger, { maxCommitRetries: 3, delayBetweenTriesMs: 50 }) };
    this.#signal = makeLibSignalRepository(auth, logger);
    const newest = String(keys.creds.nextPreKeyId - 1);
    const hasNewest = (await keys.get('pre-key', [newest]))[newest] !== undefined;
    logger.info(`Current prekey ID: ${newest}, exists in storage: ${hasNewest}`);
    if (!hasNewest || !world.hasPreKeys) {
      const { update, preKeys } = await getNextPreKeys(auth, PRE_KEYS);
      Object.assign(keys.creds, update);
      world.upload(keys.creds, preKeys);
      logger.info({ count: PRE_KEYS }, 'uploaded pre-keys successfully');
    }
    await keys.saveCreds();
    logger.info('opened connection to WA');
    this.status = 'OPENED';
    this.connectedSince = new Date(now()).toISOString();
    say('INFO', 'session OPENED');
  }

  /** 401: the phone does not know this device any more. */
  #refused(): void {
    const { logger, say } = this.parts;
    logger.error({ reasonNode: { tag: 'conflict', attrs: { type: 'device_removed' } }, fullErrorNode: { tag: 'stream:error', attrs: { code: '401' }, content: [{ tag: 'conflict', attrs: { type: 'device_removed' } }] } }, 'stream errored out');
    logger.info({ trace: 'Error: Stream Errored (conflict)' }, 'connection errored');
    say('WARN', 'connection closed, statusCode 401 loggedOut');
    this.#down();
  }

  async disconnect(): Promise<void> {
    if (this.status === 'OPENED') await this.keys!.writeBack();
    this.#down();
    this.parts.say('INFO', 'session DISCONNECTED');
  }

  #down(): void {
    this.#run++;
    this.status = 'DISCONNECTED';
    this.connectedSince = null;
    this.#signal?.close?.();
    this.#signal = null;
    this.keys = null;
  }

  async unlinkOnPhone(): Promise<void> {
    this.parts.world.unlink();
    if (this.status === 'OPENED') this.#refused();
  }

  /** The phone scans the code: a new login, and every peer has written once and been answered. */
  async scan(): Promise<boolean> {
    if (this.status !== 'qrcode') return false;
    const { id, world } = this.parts;
    const { creds } = this.keys!;
    Object.assign(creds, { me: { id: `${ownUser(id)}:1@s.whatsapp.net`, name: `Number ${id}` }, registered: true });
    world.link(creds);
    await this.keys!.set({ 'app-state-sync-key': { AAAAAGx1: { keyData: randomBytes(32), fingerprint: { rawId: id, currentIndex: 1, deviceIndexes: [0] }, timestamp: '0' } as never } });
    await this.#opened();
    for (const [index, peer] of world.peers.entries()) {
      await this.receive(index, 'hello');
      await peer.open(await this.#signal!.encryptMessage({ jid: peer.jid, data: encodeWAMessage({ conversation: 'welcome' }) }));
    }
    await this.#signal!.encryptGroupMessage({ group: `120363${String(id).padStart(12, '0')}@g.us`, meId: creds.me!.id, data: encodeWAMessage({ conversation: 'hello all' }) });
    return true;
  }

  /** A message from one peer, decrypted by the real code; delivered `copies` times, as WhatsApp repeats what is not acknowledged. */
  async receive(peerIndex: number, text: string, copies = 1): Promise<Received> {
    if (this.status !== 'OPENED') return { id: '', text: null, error: `not connected: ${this.status}`, attempts: 0 };
    const peer = this.parts.world.peers[peerIndex]!;
    const id = `3EB0${randomBytes(9).toString('hex').toUpperCase()}`;
    const data = encodeWAMessage({ conversation: text });
    const sealed = await peer.seal(data);
    let received = await this.#decrypt(peer.jid, id, sealed);
    for (let i = 1; i < copies; i++) await this.#decrypt(peer.jid, id, sealed);
    if (received.error !== null && this.parts.world.follows(peer)) {
      received = { ...(await this.#decrypt(peer.jid, id, await peer.seal(data))), attempts: 2 };
    }
    await this.keys!.writeBack();
    return received;
  }

  async #decrypt(from: string, id: string, { type, ciphertext }: Sealed): Promise<Received> {
    const { logger, say, now } = this.parts;
    const stanza = { tag: 'message', attrs: { id, from, type: 'text', t: String(Math.floor(now() / 1000)) }, content: [{ tag: 'enc', attrs: { v: '2', type }, content: ciphertext }] };
    const { fullMessage, decrypt } = decryptMessageNode(stanza, this.keys!.creds.me!.id, '', this.#signal!, logger);
    await decrypt();
    const text = fullMessage.message?.conversation ?? null;
    const error = text === null ? (fullMessage.messageStubParameters?.[0] ?? 'no text') : null;
    if (error === null) say('INFO', `message received (msg ${id})`);
    else say('ERROR', `error: ${error} (msg ${id})`);
    return { id, text, error, attempts: 1 };
  }
}

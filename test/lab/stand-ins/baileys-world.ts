import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { generateSignalPubKey } from 'baileys/lib/Utils/crypto.js';
import type { AuthenticationCreds, KeyPair } from 'baileys/lib/Types/index.js';
import { Peer, type PeerState } from './baileys-peer.ts';

/** A device's public keys as WhatsApp's server hands them out. Keys are base64. */
interface UploadedKeys {
  registrationId: number;
  identity: string;
  signedPreKey: { keyId: number; publicKey: string; signature: string };
  preKeys: { keyId: number; publicKey: string }[];
}

interface WorldState {
  /** Identity keys of the devices that the phone knows. */
  linked: string[];
  /** Counts the uploads of pre-keys. */
  generation: number;
  uploaded: UploadedKeys | null;
  peers: PeerState[];
}

const PEERS = 2;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const fromBase64 = (text: string): Buffer => Buffer.from(text, 'base64');
const signalKey = (bytes: Uint8Array): string => base64(generateSignalPubKey(bytes));

/**
 * WhatsApp and the people who write to one number: everything outside the backend. It lives in a file of its own, because in
 * reality none of it is touched by a restart or a repair of the backend.
 */
export class World {
  readonly #path: string;
  readonly #state: WorldState;
  readonly peers: Peer[];
  /** False: nobody follows a retry receipt any more, so no repair helps. */
  heals = true;

  constructor(path: string, session: number) {
    this.#path = path;
    this.#state = load(path) ?? { linked: [], generation: 0, uploaded: null, peers: Array.from({ length: PEERS }, (_, i) => Peer.make(session, i)) };
    this.peers = this.#state.peers.map((peer) => new Peer(peer, () => this.#handOut(), () => this.#save()));
  }

  isLinked(creds: AuthenticationCreds): boolean {
    return this.#state.linked.includes(base64(creds.signedIdentityKey.public));
  }

  /** The phone scans the code of this device; people see a new safety number and begin anew. */
  link(creds: AuthenticationCreds): void {
    this.#state.linked = [base64(creds.signedIdentityKey.public)];
    for (const peer of this.peers) peer.forget();
    this.#save();
  }

  unlink(): void {
    this.#state.linked = [];
    this.#save();
  }

  get hasPreKeys(): boolean {
    return (this.#state.uploaded?.preKeys.length ?? 0) > 0;
  }

  /** A new upload takes the place of the old keys, so that nobody is handed one that the device has thrown away. */
  upload(creds: AuthenticationCreds, preKeys: Record<string, KeyPair>): void {
    this.#state.generation++;
    this.#state.uploaded = {
      registrationId: creds.registrationId,
      identity: signalKey(creds.signedIdentityKey.public),
      signedPreKey: { keyId: creds.signedPreKey.keyId, publicKey: signalKey(creds.signedPreKey.keyPair.public), signature: base64(creds.signedPreKey.signature) },
      preKeys: Object.entries(preKeys).map(([keyId, pair]) => ({ keyId: Number(keyId), publicKey: signalKey(pair.public) })),
    };
    this.#save();
  }

  /** The pre-key that the next bundle will hold; null when none is left. */
  nextPreKeyId(): number | null {
    return this.#state.uploaded?.preKeys[0]?.keyId ?? null;
  }

  /** True when the peer begins a new session: once per upload, as a phone follows a retry receipt only so often. */
  follows(peer: Peer): boolean {
    if (!this.heals || peer.generation === this.#state.generation) return false;
    peer.forget();
    return true;
  }

  #handOut() {
    const { uploaded, generation } = this.#state;
    if (!uploaded) throw new Error('this number never uploaded keys: link it first');
    const one = uploaded.preKeys.shift();
    const { keyId, publicKey, signature } = uploaded.signedPreKey;
    return {
      generation,
      bundle: {
        registrationId: uploaded.registrationId, identityKey: fromBase64(uploaded.identity),
        signedPreKey: { keyId, publicKey: fromBase64(publicKey), signature: fromBase64(signature) },
        ...(one && { preKey: { keyId: one.keyId, publicKey: fromBase64(one.publicKey) } }),
      },
    };
  }

  #save(): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, JSON.stringify(this.#state));
  }
}

function load(path: string): WorldState | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as WorldState;
  } catch {
    return null; // a new number
  }
}

import * as libsignal from 'libsignal';
import { generateKeyPair } from 'libsignal/src/curve.js';

type Bundle = Parameters<libsignal.SessionBuilder['initOutgoing']>[0];
/** Our number's one device, as its peers address it. */
const OUR_DEVICE = 0;

export interface PeerState {
  user: string;
  ourUser: string;
  registrationId: number;
  /** Base64. */
  identity: { pubKey: string; privKey: string };
  /** The peer's own half of the conversation; null before it began. */
  session: object | null;
  /** Which upload of our keys it began with. */
  generation: number;
}

export interface Sealed {
  type: 'pkmsg' | 'msg';
  ciphertext: Buffer;
}

/** Somebody who writes to our number: a real libsignal party with keys of its own. */
export class Peer {
  readonly #state: PeerState;
  readonly #takeBundle: () => { bundle: object; generation: number };
  readonly #save: () => void;
  readonly #us: libsignal.ProtocolAddress;

  constructor(state: PeerState, takeBundle: () => { bundle: object; generation: number }, save: () => void) {
    this.#state = state;
    this.#takeBundle = takeBundle;
    this.#save = save;
    this.#us = new libsignal.ProtocolAddress(state.ourUser, OUR_DEVICE);
  }

  /** Numbers that no network has given out. */
  static make(session: number, index: number): PeerState {
    const { pubKey, privKey } = generateKeyPair();
    return {
      user: `5511900${String(session).padStart(4, '0')}${String(index + 10)}`, ourUser: ownUser(session), registrationId: 1000 + index,
      identity: { pubKey: Buffer.from(pubKey).toString('base64'), privKey: Buffer.from(privKey).toString('base64') }, session: null, generation: 0,
    };
  }

  get jid(): string {
    return `${this.#state.user}@s.whatsapp.net`;
  }

  get generation(): number {
    return this.#state.generation;
  }

  forget(): void {
    this.#state.session = null;
    this.#save();
  }

  /** Encrypts for our number; begins with a pre-key bundle where there is no session yet. */
  async seal(data: Uint8Array): Promise<Sealed> {
    if (!this.#state.session) {
      const { bundle, generation } = this.#takeBundle();
      this.#state.generation = generation;
      await new libsignal.SessionBuilder(this.#storage, this.#us).initOutgoing(bundle as Bundle);
    }
    const { type, body } = await new libsignal.SessionCipher(this.#storage, this.#us).encrypt(Buffer.from(data));
    return { type: type === 3 ? 'pkmsg' : 'msg', ciphertext: Buffer.from(body as unknown as Uint8Array) };
  }

  /** Reads our answer; from then on this peer sends plain messages instead of pre-key messages. */
  async open({ type, ciphertext }: { type: string; ciphertext: Uint8Array }): Promise<Buffer> {
    const cipher = new libsignal.SessionCipher(this.#storage, this.#us);
    const bytes = Buffer.from(ciphertext);
    return type === 'pkmsg' ? cipher.decryptPreKeyWhisperMessage(bytes) : cipher.decryptWhisperMessage(bytes);
  }

  get #storage(): libsignal.SignalStorage {
    const state = this.#state;
    const identity = { pubKey: Buffer.from(state.identity.pubKey, 'base64'), privKey: Buffer.from(state.identity.privKey, 'base64') };
    return {
      loadSession: async () => (state.session ? libsignal.SessionRecord.deserialize(state.session as unknown as Uint8Array) : null),
      storeSession: async (_, record) => {
        state.session = structuredClone(record.serialize());
        this.#save();
      },
      isTrustedIdentity: () => true,
      loadPreKey: async () => undefined,
      removePreKey: () => undefined,
      loadSignedPreKey: () => identity, // nobody begins a session with the peer: it always begins itself
      getOurRegistrationId: () => state.registrationId,
      getOurIdentity: () => identity,
    };
  }
}

export const ownUser = (session: number): string => `5511900${String(session).padStart(4, '0')}00`;

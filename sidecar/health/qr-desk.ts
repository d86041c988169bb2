import type { Gateway, QrAnswer } from '../gateways/gateway.ts';

/** A QR lives about 20 s [seen]; one that is shown should have most of that left. */
const FRESH_MS = 5_000;
export interface QrDeskParts {
  now(): number;
  /** Who can show the QR of that session, the one without side effects first. */
  seats(session: string): readonly { api: Gateway; name: string }[];
  /** A scan is due and the session is closed: starts it, once, so that there is a QR to scan. Resolves with what that means. */
  start(session: string): string | null;
}

/**
 * QR codes for whoever looks: several lookers share one request, and nobody is shown one that is about to end. Nothing is
 * asked while nobody looks.
 */
export class QrDesk {
  readonly #parts: QrDeskParts;
  readonly #shown = new Map<string, { at: number | null; answer: Promise<QrAnswer> }>();

  constructor(parts: QrDeskParts) {
    this.#parts = parts;
  }

  /** Rejects with a GatewayError when nobody can be asked. Null: no gateway of that session can show a QR. */
  async show(session: string): Promise<QrAnswer | null> {
    const [seat] = this.#parts.seats(session);
    if (!seat) return null;
    const known = this.#shown.get(session);
    if (known && (known.at === null || this.#parts.now() - known.at < FRESH_MS)) return known.answer;
    const asked: { at: number | null; answer: Promise<QrAnswer> } = { at: null, answer: this.#ask(session, seat) };
    this.#shown.set(session, asked);
    const forget = (): void => void this.#shown.delete(session);
    asked.answer.then(({ kind }) => (kind === 'qr' ? (asked.at = this.#parts.now()) : forget()), forget);
    return asked.answer;
  }

  async #ask(session: string, seat: { api: Gateway; name: string }): Promise<QrAnswer> {
    const answer = await seat.api.qr(seat.name);
    if (answer.kind !== 'not-started') return answer;
    const started = this.#parts.start(session);
    return started === null ? answer : { kind: 'not-started', detail: started };
  }
}

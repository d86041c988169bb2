import { redact } from '../redact.ts';
import type { Secret } from '../settings/secret.ts';

/** Shorter values would blank ordinary words. */
const SHORTEST_MASKED = 4;

/**
 * What every text passes before it is logged, sent or shown: our own secrets by their value (also as they stand in a
 * URL), then everything that looks like a secret, a number or a message (`redact`).
 */
export function scrubber(secrets: readonly (Secret | null)[], redactText: (text: string) => string = redact): (text: string) => string {
  const values = secrets.flatMap((secret) => (secret ? [secret.reveal(), encodeURIComponent(secret.reveal())] : []));
  const masked = [...new Set(values)].filter((value) => value.length >= SHORTEST_MASKED).sort((a, b) => b.length - a.length);
  return (text) => redactText(masked.reduce((rest, value) => rest.replaceAll(value, '***'), text));
}

import { readActivity, RECEIVED } from '../detect/activity.ts';
import { readEnvelope } from '../detect/envelope.ts';
import type { Sign } from '../words.ts';

/** Session (as spelled) and event of any webhook line, also of those with a status or a message in it; null for other lines. */
export function webhookEvent(text: string): Sign | null {
  if (!text.includes(RECEIVED)) return null;
  const everyday = readActivity(text);
  if (everyday) return everyday;
  const { shape, said, fields } = readEnvelope(text);
  if ((shape !== 'winston' && shape !== 'json') || said !== RECEIVED) return null;
  const [spelled, event] = [fields?.['sessionId'], fields?.['eventType']];
  return typeof spelled === 'string' && typeof event === 'string' ? { spelled, event } : null;
}

import type { Secret } from '../settings/secret.ts';
import { webhookChannel } from '../report/webhook.ts';

/** A message takes a second; a proxy that swallows it must not hold the command. */
const SEND_MS = 10_000;

/** One message to AUTO_FIX_ALERT_WEBHOOK, so that the operator sees it arrive. */
export async function sendTestMessage(address: Secret): Promise<{ arrived: boolean; says: string }> {
  const channel = webhookChannel(address);
  const text = 'auto-fix-sessions can reach you here: this is what its alerts look like. Nothing is wrong.';
  try {
    await channel.send({ kind: 'test', key: 'doctor', session: null, at: Date.now(), text, link: null }, AbortSignal.timeout(SEND_MS));
    return { arrived: true, says: `${channel.name} took the test message: look there whether it arrived` };
  } catch (error) {
    return { arrived: false, says: `the test message did not reach ${channel.name}: ${(error as Error).message}` };
  }
}

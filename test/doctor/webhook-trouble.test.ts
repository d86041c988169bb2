import { describe, expect, it } from 'vitest';
import { WebhookTrouble } from '../../sidecar/doctor/webhook-trouble.ts';

const T0 = Date.parse('2026-03-04T10:00:00Z');
const FAILED = '2026-03-04T10:00:00.402Z [error]: Webhook delivery failed {"sessionId":"Loja1","error":"connect ECONNREFUSED"}';
const DELIVERED = '{"level":"info","message":"Webhook delivered successfully","statusCode":200}';
const BY_SERVER = 'warn: 2026-03-04T10:00:00.000Z Error calling Webhook. connect ECONNREFUSED';

function house() {
  const told: string[] = [];
  const trouble = new WebhookTrouble({ alert: ({ key, message }) => told.push(`ALERT ${key}: ${message}`), resolved: (key, how) => told.push(`resolved ${key}: ${how}`) });
  const prints = (text: string, afterMs = 0, container = 'gateway-wrapper'): void =>
    trouble.read({ container, containerId: 'c', stream: 'stdout', ts: `${new Date(T0 + afterMs).toISOString().slice(0, -1)}000000Z`, text, skippedBytes: 0 });
  return { told, trouble, prints };
}

describe('webhooks that cannot be delivered', () => {
  it('are told once however many fail, and once more when one succeeds', () => {
    const { told, prints, trouble } = house();
    for (let n = 0; n < 50; n++) prints(FAILED, n * 1000);
    prints(DELIVERED, 60_000);
    prints(DELIVERED, 61_000);
    expect(told).toEqual([expect.stringMatching(/^ALERT webhooks gateway-wrapper: .*do not reach the Hub/), 'resolved webhooks gateway-wrapper: webhooks of gateway-wrapper: deliveries succeed again, after 50 failures']);
    expect(trouble.failures()).toEqual(new Map([['gateway-wrapper', 50]]));
  });

  it('are no alert while single ones fail between deliveries', () => {
    const { told, prints } = house();
    for (let n = 0; n < 9; n++) prints(n % 3 === 2 ? DELIVERED : FAILED, n * 1000);
    expect(told).toEqual([]);
  });

  it('are told of the server too, and over when it stops complaining', () => {
    const { told, prints, trouble } = house();
    for (let n = 0; n < 3; n++) prints(BY_SERVER, n * 1000, 'wppconnect-server');
    trouble.tick(T0 + 10 * 60_000);
    expect(told).toHaveLength(1);
    trouble.tick(T0 + 20 * 60_000);
    expect(told).toEqual([expect.stringContaining('gateway-wrapper (the webhook address'), expect.stringContaining('no delivery has failed for 15 minutes')]);
  });

  it('cannot be made up by somebody who writes the words into a message', () => {
    const { told, prints, trouble } = house();
    for (let n = 0; n < 9; n++) {
      prints('Webhook delivery failed', n * 1000);
      prints('{"level":"info","message":"Received webhook event from WPPConnect","body":"Webhook delivery failed"}', n * 1000);
    }
    expect(told).toEqual([]);
    expect(trouble.failures().size).toBe(0);
  });
});

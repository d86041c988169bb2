import { expect, it } from 'vitest';
import { VirtualClock } from '../../sidecar/clock.ts';
import type { Gateway } from '../../sidecar/gateways/gateway.ts';
import type { Target } from '../../sidecar/fleet/fleet.ts';
import { verify, type Evidence } from '../../sidecar/repair/verify.ts';
import type { Probe } from '../../sidecar/words.ts';

const TIMINGS = { verifyAfterMs: 1000, verifyDeadlineMs: 5000, settleMs: 1000, lookEveryMs: 500, pollMs: 100 };
const T0 = Date.parse('2026-02-09T10:00:00Z');

async function verified(probes: Probe[], evidence: Partial<Evidence> = {}) {
  const clock = new VirtualClock(T0);
  const looks = [...probes];
  const api = { probe: () => Promise.resolve({ probe: looks.length > 1 ? looks.shift()! : looks[0]!, saw: 'as asked' }) } as unknown as Gateway;
  const target: Target = { session: '26', gateway: { api, name: '26' }, front: null, stores: [], container: null };
  const proof = verify(target, T0, { lastActivity: () => null, startedSince: () => false, corruptionSince: () => 0, ...evidence }, clock, TIMINGS, new AbortController().signal)
    .then(({ result, detail }) => `${result}: ${detail}`, (error: Error) => `not proven: ${error.message}`);
  await clock.moveTo(T0 + 60_000);
  return proof;
}

it('is proven by two healthy looks with time to settle in between', async () => {
  expect(await verified(['starting', 'healthy', 'healthy'])).toMatch(/^fixed: as asked, still healthy after/);
});

it('is not proven by a session that is well for a moment only', async () => {
  expect(await verified(['healthy', 'zombie', 'zombie'])).toMatch(/^not proven: 26 was started but is zombie/);
});

it('is not proven while its messages still cannot be decrypted, whatever its status says', async () => {
  expect(await verified(['healthy'], { corruptionSince: () => 3 })).toMatch(/^not proven: .*3 messages could not be decrypted since/);
});

it('allows the failures with which peers begin anew', async () => {
  expect(await verified(['healthy'], { corruptionSince: () => 2 })).toMatch(/^fixed/);
});

it('is a matter for a human when a QR is due, not a failure', async () => {
  expect(await verified(['qr'])).toMatch(/^needs-qr: .*auto-fix qr 26/);
});

import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../sidecar/clock.ts';
import type { Notice } from '../../sidecar/report/alerts.ts';
import { Notifier } from '../../sidecar/report/notifier.ts';

const MINUTE = 60_000;

function notifying() {
  const clock = new VirtualClock(0);
  const sent: Notice[] = [];
  const said: string[] = [];
  const channel = { name: 'the webhook', broken: null as string | null };
  const notifier = new Notifier({
    clock, tell: (_level, message) => said.push(message),
    channel: { name: channel.name, async send(notice) { if (channel.broken) throw new Error(channel.broken); sent.push(notice); } },
  });
  const notice = (key: string, text: string, kind: Notice['kind'] = 'alert') => notifier.push({ kind, key, session: key, at: clock.now(), text, link: null });
  return { clock, sent, said, channel, notifier, notice };
}

/** Lets promises that are already settled run on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function passes(clock: VirtualClock, ms: number): Promise<void> {
  await settle();
  await clock.moveTo(clock.now() + ms);
  await settle();
}

describe('what a channel hears', () => {
  it('is one message per matter, and its end', async () => {
    const { clock, sent, notice } = notifying();
    notice('blue12', 'needs a QR');
    await passes(clock, 3_000);
    notice('blue12', 'resolved after 3 s', 'resolved');
    await passes(clock, 3_000);
    expect(sent.map(({ text }) => text)).toEqual(['needs a QR', 'resolved after 3 s']);
  });

  it('is nothing when it was over before anybody was told', async () => {
    const { clock, sent, notice } = notifying();
    notice('blue12', 'needs a QR');
    notice('blue12', 'resolved', 'resolved');
    await passes(clock, MINUTE);
    expect(sent).toEqual([]);
  });

  it('is one message when forty sessions fail together', async () => {
    const { clock, sent, notice } = notifying();
    for (let n = 1; n <= 40; n++) notice(`s${n}`, 'gateway is down');
    await passes(clock, 3_000);
    expect(sent).toHaveLength(1);
    expect(sent[0]!.text.split('\n')).toEqual(['40 messages:', ...Array.from({ length: 10 }, (_, i) => `- s${i + 1}: gateway is down`), 'and 30 more']);
  });

  it('rolls up what happens within five minutes into the newest', async () => {
    const { clock, sent, notice } = notifying();
    notice('blue12', 'first');
    await passes(clock, 3_000);
    for (const text of ['second', 'third', 'fourth']) notice('blue12', text);
    await passes(clock, MINUTE);
    expect(sent).toHaveLength(1);
    await passes(clock, 5 * MINUTE);
    expect(sent.map(({ text }) => text)).toEqual(['first', 'fourth (after 2 earlier messages about it)']);
  });

  it('arrives late when the channel was broken, and the log hears of it once', async () => {
    const { clock, sent, said, channel, notice } = notifying();
    channel.broken = 'it answered 500';
    notice('blue12', 'needs a QR');
    await passes(clock, 30 * MINUTE);
    expect([sent, said]).toEqual([[], ['alerts do not reach the webhook: it answered 500; they are tried again']]);
    channel.broken = null;
    await passes(clock, 10 * MINUTE);
    expect(sent.map(({ text }) => text)).toEqual(['needs a QR']);
    expect(said.at(-1)).toBe('alerts reach the webhook again');
  });

  it('is told once when the channel breaks in the middle', async () => {
    const { clock, sent, channel, notice } = notifying();
    const taken: string[] = [];
    const push = sent.push.bind(sent);
    sent.push = (...notices) => { taken.push(...notices.map(({ key }) => key)); channel.broken = 'it answered 500'; return push(...notices); };
    notice('a', 'x');
    notice('b', 'y');
    await passes(clock, 3_000);
    expect(taken).toEqual(['a']);
    channel.broken = null;
    await passes(clock, MINUTE);
    expect(taken).toEqual(['a', 'b']);
  });

  it('is sent before the program ends, or said to be only in the log', async () => {
    const one = notifying();
    one.notice('blue12', 'needs a QR');
    await one.notifier.close(1_000);
    expect(one.sent.map(({ text }) => text)).toEqual(['needs a QR']);
    const other = notifying();
    other.channel.broken = 'it answered 500';
    other.notice('blue12', 'needs a QR');
    await other.notifier.close(1_000);
    expect(other.said).toEqual(['alerts do not reach the webhook: it answered 500; they stand in this log only']);
  });

  it('keeps a bounded number waiting', async () => {
    const { clock, sent, said, channel, notice } = notifying();
    channel.broken = 'it answered 500';
    for (let n = 1; n <= 600; n++) notice(`s${n}`, 'x');
    channel.broken = null;
    await passes(clock, 3_000);
    expect(sent[0]!.text).toMatch(/^500 messages:/);
    expect(said.filter((line) => line.startsWith('too many alerts wait'))).toHaveLength(100);
  });
});

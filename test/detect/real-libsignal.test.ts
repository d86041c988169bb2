import { beforeEach, describe, expect, it } from 'vitest';
import { detector, known, line, readAll, told, firings } from './stage.ts';
import { PEER, twoParties, type Printed } from './real-signal.ts';

type Parties = Awaited<ReturnType<typeof twoParties>>;

const broken = (message: { type: 'msg' | 'pkmsg'; ciphertext: Uint8Array }) => {
  const ciphertext = Buffer.from(message.ciphertext);
  ciphertext[ciphertext.length - 1]! ^= 1;
  return { ...message, ciphertext };
};
const asLines = (printed: readonly Printed[], from = 0) => printed.map(({ stream, text }, i) => line(from + i * 0.001, text, 'backend', stream));

describe('what the real Baileys and libsignal print', () => {
  let parties: Parties;
  beforeEach(async () => {
    parties = await twoParties('26');
    expect(await parties.receive(await parties.send('hello'), '3EB000')).toBe('hello');
    await parties.answer();
    expect(await parties.receive(await parties.send('again'), '3EB001')).toBe('again');
    parties.printed.length = 0;
  });

  it('of a Bad MAC: header, verdicts, stack and logger\'s line are one hit with the message\'s id', async () => {
    await parties.receive(broken(await parties.send('broken')), '3EB0BAD1');
    expect(parties.printed.some(({ text }) => text.startsWith('Session error:Error: Bad MAC'))).toBe(true);
    const readings = readAll(detector(known(['26', '27'])), asLines(parties.printed));
    expect(told(readings)).toEqual(['26 corruption bad-mac']);
    expect(readings[0]!.hit).toMatchObject({ cause: 'key:3EB0BAD1', who: { session: '26', by: 'json-field' } });
    expect(readings[0]!.hit.evidence).not.toContain(PEER);
  });

  it('of a message delivered twice is nothing, though it prints a header and "No matching sessions" too', async () => {
    const message = await parties.send('once');
    await parties.receive(message, '3EB002');
    for (let i = 0; i < 12; i++) await parties.receive(message, '3EB002');
    expect(parties.printed.filter(({ text }) => text.startsWith('Failed to decrypt message with any known session'))).toHaveLength(12);
    expect(parties.printed.filter(({ text }) => text.includes('No matching sessions found for message'))).not.toHaveLength(0);
    expect(readAll(detector(known(['26', '27'])), asLines(parties.printed))).toEqual([]);
  });

  it('of one broken message retried five times is one hit, of six broken messages a firing', async () => {
    const message = broken(await parties.send('broken'));
    for (let i = 0; i < 6; i++) await parties.receive(message, '3EB0BAD2');
    expect(told(readAll(detector(known(['26'])), asLines(parties.printed)))).toEqual(['26 corruption bad-mac']);

    for (let i = 0; i < 5; i++) await parties.receive(broken(await parties.send('broken')), `3EB0BAE${i}`);
    const readings = readAll(detector(known(['26'])), asLines(parties.printed));
    expect(firings(readings)).toMatchObject([{ class: 'corruption', count: 6, patterns: { 'bad-mac': 6 } }]);
  });

  it('of lost sessions and pre-keys counts: No session record, Invalid PreKey ID', async () => {
    parties.bob.data.clear();
    await parties.receive(await parties.send('lost'), '3EB003');
    const fresh = await twoParties('26');
    const first = await fresh.send('first');
    fresh.bob.data.clear();
    await fresh.receive(first, '3EB004');
    const printed = [...parties.printed, ...fresh.printed];
    expect(printed.map(({ text }) => /"message":"([^"]+)"/.exec(text)?.[1]).filter(Boolean)).toEqual(['No session record', 'Invalid PreKey ID']);
    expect(told(readAll(detector(known(['26'])), asLines(printed)))).toEqual(['26 corruption signal-keys-lost', '26 corruption signal-keys-lost']);
  });
});

it('a host that adds no field is told by the peer: only one session folder knows that address', async () => {
  const parties = await twoParties(null);
  await parties.receive(await parties.send('hello'), '3EB000');
  await parties.answer();
  await parties.receive(await parties.send('again'), '3EB001');
  parties.printed.length = 0;
  await parties.receive(broken(await parties.send('broken')), '3EB0BAD1');
  const [reading] = readAll(detector(known(['26', '27'], { peers: { [`${PEER}.0`]: '27' } })), asLines(parties.printed));
  expect(reading?.hit.who).toEqual({ session: '27', by: 'peer-address' });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ordinals, entryKey, ordinalKey } from '../../sidecar/watch/key.ts';
import { Ledger } from '../../sidecar/watch/ledger.ts';
import { sinceParameter, toStamp } from '../../sidecar/watch/stamp.ts';
import { stamp } from './bytes.ts';

const key = (text: string, type = 1) => entryKey(type, Buffer.from(text), 0, Buffer.byteLength(text));

describe('the identity of an entry', () => {
  it('differs by stream, time, content and ordinal', () => {
    const keys = [key('t1 a'), key('t1 a', 2), key('t2 a'), key('t1 b'), key('t1 a '), ordinalKey(key('t1 a'), 1), ordinalKey(key('t1 a'), 2)];
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.every(Number.isSafeInteger)).toBe(true);
  });

  it('is the same wherever the bytes lie', () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ minLength: 500, maxLength: 700 })), fc.nat(7), (bytes, offset) => {
      const moved = Buffer.concat([Buffer.alloc(offset, 'z'), Buffer.from(bytes), Buffer.from('tail')]);
      expect(entryKey(1, moved, offset, offset + bytes.length)).toBe(entryKey(1, Buffer.from(bytes), 0, bytes.length));
    }));
  });

  it('of 300,000 similar lines never meets', () => {
    const keys = new Set(Array.from({ length: 300_000 }, (_, i) => key(`2026-03-01T00:00:00.000000000Z line ${i}\n`)));
    expect(keys.size).toBe(300_000);
  });

  it('of a long line tells every single byte', () => {
    const content = Buffer.from(`2026-03-01T00:00:00.000000000Z ${'{"event":"onpresencechanged"}'.repeat(40)}\n`);
    const keys = new Set([entryKey(1, content, 0, content.length)]);
    for (let at = 0; at < content.length; at++) for (const change of [1, 0x80]) {
      const other = Buffer.from(content);
      other[at]! ^= change;
      keys.add(entryKey(1, other, 0, other.length));
    }
    expect(keys.size).toBe(1 + 2 * content.length);
  });

  it('of 100,000 long lines that differ somewhere in the middle never meets', () => {
    const long = (n: number) => `2026-03-01T00:00:00.000000000Z ${'a'.repeat(500)}${n}${'b'.repeat(500)}\n`;
    expect(new Set(Array.from({ length: 100_000 }, (_, i) => key(long(i)))).size).toBe(100_000);
  });

  it('counts equal entries only while their time goes on', () => {
    const ordinals = new Ordinals();
    expect([ordinals.next(1, 't1', 7), ordinals.next(2, 't1', 7), ordinals.next(1, 't1', 8), ordinals.next(1, 't1', 7), ordinals.next(1, 't2', 9), ordinals.next(1, 't1', 7)]).toEqual([0, 0, 0, 1, 0, 0]);
  });
});

describe('a cursor', () => {
  it('stored and loaded knows the newest entries and the place', () => {
    const ledger = new Ledger(null);
    for (let i = 0; i < 1_000; i++) ledger.add(i + 1, stamp(i));
    const resumed = new Ledger(ledger.save());
    expect([resumed.empty, resumed.last, resumed.high, resumed.knows(1_000), resumed.marksPosition(950), resumed.knows(1)]).toEqual([false, stamp(999), stamp(999), true, true, false]);
  });

  it('stays small however much was read', () => {
    const ledger = new Ledger(null);
    for (let i = 0; i < 100_000; i++) ledger.add(i, stamp(i));
    expect(ledger.save().length).toBeLessThan(1_000);
  });

  it('stands before a line under way, and knows what was delivered behind it', () => {
    const ledger = new Ledger(null);
    ledger.add(1, stamp(1));
    ledger.hold(1);
    ledger.addHeld(1, 2, stamp(2));
    ledger.add(3, stamp(3));
    ledger.addHeld(1, 4, stamp(2));
    const resumed = new Ledger(ledger.save());
    expect([1, 2, 3, 4].map((k) => resumed.knows(k))).toEqual([true, false, true, false]);
    expect(resumed.marksPosition(3)).toBe(false);
    ledger.release(1);
    const later = new Ledger(ledger.save());
    expect([1, 2, 3, 4].map((k) => later.marksPosition(k))).toEqual([true, true, true, true]);
  });

  it('stands before the older of two lines under way', () => {
    const ledger = new Ledger(null);
    ledger.add(1, stamp(1));
    ledger.hold(1);
    ledger.addHeld(1, 2, stamp(2));
    ledger.hold(2);
    ledger.addHeld(2, 3, stamp(3));
    expect([2, 3].map((k) => new Ledger(ledger.save()).knows(k))).toEqual([false, false]);
    ledger.release(1);
    expect([2, 3].map((k) => new Ledger(ledger.save()).knows(k))).toEqual([true, false]);
    ledger.release(2);
    expect([2, 3].map((k) => new Ledger(ledger.save()).knows(k))).toEqual([true, true]);
  });

  it('stands at the place that was compared with the log, and knows what was delivered behind it', () => {
    const ledger = new Ledger(null);
    ledger.add(1, stamp(1));
    ledger.question();
    ledger.add(2, stamp(2));
    ledger.confirm();
    ledger.add(3, stamp(3));
    const resumed = new Ledger(ledger.save());
    expect([resumed.last, ...[1, 2, 3].map((k) => resumed.knows(k)), ...[1, 2, 3].map((k) => resumed.marksPosition(k))]).toEqual([stamp(1), true, true, true, true, false, false]);
  });

  it('stands at the newest entry after a flood, however little of it was compared', () => {
    const ledger = new Ledger(null);
    ledger.question();
    ledger.confirm();
    for (let i = 0; i < 1_001; i++) ledger.add(i, stamp(i));
    expect([ledger.unconfirmed, new Ledger(ledger.save()).last]).toEqual([null, stamp(1_000)]);
  });

  it('does not count a line under way as delivered behind the compared place, and counts it once it was', () => {
    const ledger = new Ledger(null);
    ledger.add(1, stamp(1));
    ledger.question();
    ledger.confirm();
    ledger.hold(1);
    ledger.addHeld(1, 2, stamp(2));
    ledger.add(3, stamp(3));
    expect([1, 2, 3].map((k) => new Ledger(ledger.save()).knows(k))).toEqual([true, false, true]);
    ledger.release(1);
    expect([1, 2, 3].map((k) => new Ledger(ledger.save()).knows(k))).toEqual([true, true, true]);
  });

  it('stands before a line under way that is older than the compared place', () => {
    const ledger = new Ledger(null);
    ledger.add(1, stamp(1));
    ledger.hold(1);
    ledger.addHeld(1, 2, stamp(2));
    ledger.add(3, stamp(3));
    ledger.question();
    ledger.confirm();
    ledger.add(4, stamp(4));
    const resumed = new Ledger(ledger.save());
    expect([resumed.last, ...[1, 2, 3, 4].map((k) => resumed.knows(k))]).toEqual([stamp(1), true, false, true, true]);
  });

  it.each(['', 'null', '[]', '{"v":3}', '{"v":2,"last":"x","high":"y","keys":""}', '{"v":2,"last":5}', '{"v":1,"last":"","high":"","keys":""}'])('that is none of ours (%s) reads like none', (json) => {
    expect(new Ledger(json).empty).toBe(true);
  });

  it('is saved for a container never read, and stays empty', () => {
    expect(new Ledger(new Ledger(null).save()).empty).toBe(true);
  });
});

describe('the engine\'s times', () => {
  it('go to the engine to the nanosecond, as a string', () => {
    expect(sinceParameter('2026-02-09T10:14:03.120000001Z')).toBe('1770632043.120000001');
  });

  it.each([
    ['2026-02-09T10:14:03.120000001Z', '2026-02-09T10:14:03.120000001Z'],
    ['2026-02-09T10:14:03Z', '2026-02-09T10:14:03.000000000Z'],
    ['2026-02-08T23:14:03.1-11:00', '2026-02-09T10:14:03.100000000Z'],
    ['2026-02-09 10:14:03Z', null],
    ['2026-13-09T10:14:03.120000001Z', null],
    ['2026-02-09T24:14:03.120000001Z', null],
    ['2026-02-09T10:14:0x.120000001Z', null],
    ['[2026-02-09T10:14:03.120000Z]', null],
    ['', null],
  ])('%s reads as %s', (written, expected) => {
    expect(toStamp(written)).toBe(expected);
  });
});

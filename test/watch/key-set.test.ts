import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeySet } from '../../sidecar/watch/key-set.ts';

const LARGEST = 2 ** 53 - 1;

describe('a set of keys', () => {
  it('knows exactly what was added, small numbers and large', () => {
    const keys = fc.array(fc.oneof(fc.nat(300), fc.maxSafeNat(), fc.constantFrom(0, 1, LARGEST, LARGEST - 1)), { maxLength: 400 });
    fc.assert(fc.property(keys, keys, (added, asked) => {
      const set = new KeySet();
      for (const key of added) set.add(key);
      const model = new Set(added);
      expect(set.size).toBe(model.size);
      expect([...added, ...asked].filter((key) => set.has(key) !== model.has(key))).toEqual([]);
    }));
  });

  it('keeps all of 100,000 through its growth, also when they follow each other', () => {
    const set = new KeySet();
    for (let i = 0; i < 100_000; i++) set.add(i * 7);
    expect(set.size).toBe(100_000);
    expect(Array.from({ length: 100_000 }, (_, i) => i * 7).every((key) => set.has(key) && !set.has(key + 1))).toBe(true);
  });
});

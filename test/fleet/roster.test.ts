import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Roster } from '../../sidecar/fleet/roster.ts';

/** Few letters, so that spellings meet and collide often. */
const name = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'A', 'b', 'B', ' ', '-', '1'), minLength: 1, maxLength: 5 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'É', 'E\u0301', 'ß', '../..', 'a:b'),
);
const lists = fc.array(fc.record({ source: fc.constantFrom('x', 'y'), names: fc.array(name, { maxLength: 6 }) }), { minLength: 1, maxLength: 4 });
const aliases = fc.array(fc.tuple(name, name), { maxLength: 3 }).map((pairs) => new Map(pairs));

it('two names of one list never become one session, whatever the lists and aliases', () => {
  fc.assert(fc.property(lists, aliases, (given, named) => {
    const roster = new Roster(given, named);
    given.forEach(({ names }, list) => {
      const known = [...new Set(names)].filter((one) => roster.resolve(one) !== null && roster.spelling(roster.resolve(one)!, list) === one);
      expect(new Set(known.map((one) => roster.resolve(one))).size).toBe(known.length);
      const missing = [...new Set(names)].filter((one) => !known.includes(one));
      for (const one of missing) expect(/[:]|\.\.|^[\s-]+$/.test(one)).toBe(true);
    });
  }));
});

it('a session is always one that a list names, and keeps its own name', () => {
  fc.assert(fc.property(lists, aliases, fc.string(), (given, named, spelled) => {
    const roster = new Roster(given, named);
    const listed = new Set(given.flatMap(({ names }) => names));
    for (const session of roster.names()) {
      expect(listed.has(session)).toBe(true);
      expect(roster.resolve(session)).toBe(session);
    }
    expect([...roster.names(), null]).toContain(roster.resolve(spelled));
  }));
});

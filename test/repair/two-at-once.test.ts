import { readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NAMES, planOf, World } from './fixtures/world.ts';

let world: World;
beforeEach(async () => {
  world = new World();
  await world.build(null);
});
afterEach(() => world.remove());

const token = (session: string) => join(world.tokens, `${session}.data.json`);

test('two sessions whose token files lie in one folder are restored at the same time, and neither meets what the other has in hand', async () => {
  const repairer = world.repairer();
  const target = (session: string) => world.target(session, null);
  const backups = new Map<string, string>();
  for (const session of NAMES.chromium) backups.set(session, (await repairer.run(planOf(session, 'reset'), target(session))).backup!);
  const before = NAMES.chromium.map((session) => readFileSync(token(session), 'utf8'));
  for (let round = 0; round < 5; round++) {
    for (const session of NAMES.chromium) writeFileSync(token(session), `{"changed":${round}}`);
    const outcomes = await Promise.all(NAMES.chromium.map((session) => repairer.restore(backups.get(session)!, target(session))));
    expect(outcomes.map(({ result, detail }) => (result === 'fixed' ? result : detail))).toEqual(['fixed', 'fixed']);
    expect(NAMES.chromium.map((session) => readFileSync(token(session), 'utf8'))).toEqual(before);
  }
  expect((await readdir(world.tokens)).sort()).toEqual(NAMES.chromium.map((session) => `${session}.data.json`).sort());
});

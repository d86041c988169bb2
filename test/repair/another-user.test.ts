import { chmodSync, chownSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { treeOf } from './fixtures/tree.ts';
import { planOf, World } from './fixtures/world.ts';

const NOBODY = 65534;
let world: World;
beforeEach(async () => {
  world = new World();
  await world.build(null);
});
afterEach(() => world.remove());

/** Gives up root for that long: what `user: node` in a Compose file is. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  process.setegid!(NOBODY);
  process.seteuid!(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
    process.setegid!(0);
  }
}

const folder = () => join(world.sessions, '1/31');
const open = (...paths: string[]) => paths.forEach((path) => chmodSync(path, 0o777));

describe.runIf(process.getuid?.() === 0)('a sidecar that is not root', () => {
  beforeEach(() => open(world.dir, world.sessions, join(world.sessions, '1'), folder(), world.backups, world.state, join(world.state, 'baileys-gateway.json')));

  test('does not delete files of another user, which it could read and not put back with their owner', async () => {
    const before = await treeOf(folder());
    const outcome = await asNobody(() => world.repairer({ db: world.database() }).run(planOf('31', 'reset'), world.target('31', null)));
    expect(outcome).toMatchObject({ result: 'refused', code: 'backup-impossible', detail: expect.stringMatching(/belongs to user 0 and group 0, and this process \(user 65534\) may not give files away.*CHOWN, or as that user; the session was started again/) });
    expect(await treeOf(folder())).toEqual(before);
  });

  test('repairs and restores its own', async () => {
    chownSync(folder(), NOBODY, NOBODY);
    for (const path of ['creds.json', 'app-state-sync-key-AAAA.json', 'app-state-sync-version-critical.json', 'session-5500000000001.0.json', 'session-5500000000002.0.json', 'pre-key-1.json', 'pre-key-2.json', 'sender-key-1203@g.us--5500000000001--0.json', 'lid-mapping-5500000000001.json', 'notes.txt']) chownSync(join(folder(), path), NOBODY, NOBODY);
    const before = await treeOf(folder());
    await asNobody(async () => {
      const repairer = world.repairer({ db: world.database() });
      const { backup, result } = await repairer.run(planOf('31', 'reset'), world.target('31', null));
      expect(result).toBe('needs-qr');
      expect(await repairer.restore(backup!, world.target('31', null))).toMatchObject({ result: 'fixed' });
    });
    expect(await treeOf(folder())).toEqual(before);
  });
});

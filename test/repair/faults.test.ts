import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Backups } from '../../sidecar/repair/backups.ts';
import { journalWith } from './fixtures/hooked-journal.ts';
import { leftovers } from './fixtures/crash.ts';
import { contentOf, treeOf } from './fixtures/tree.ts';
import { planOf, put, World } from './fixtures/world.ts';

let world: World;
beforeEach(async () => {
  world = new World();
  await world.build(null);
});
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
  await world.remove();
});

const folder = (session: string) => join(world.sessions, '1', session);
const isRoot = process.getuid?.() === 0;

/** A file system of its own, so small that it fills, or read-only. */
function mountTmpfs(path: string, options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
  cleanups.push(() => void execFileSync('umount', ['-l', path]));
}

describe('no backup, no deletion', () => {
  test.runIf(isRoot)('a full backup volume refuses the repair and starts the session again', async () => {
    mountTmpfs(world.backups, 'size=64k');
    await writeFile(join(folder('31'), 'big.json'), randomBytes(300_000));
    const before = await treeOf(folder('31'));
    const gateway = world.gateway('baileys');
    const outcome = await world.repairer().run(planOf('31', 'reset'), world.target('31', null, gateway));
    expect(outcome).toMatchObject({ result: 'refused', code: 'backup-impossible', detail: expect.stringMatching(/no space for a backup in .*free some space.*started again/) });
    expect(await treeOf(folder('31'))).toEqual(before);
    expect(gateway.running('31')).toBe(true);
    expect(await readdir(join(world.backups, '31'))).toEqual([]);
  });

  test.runIf(isRoot)('a read-only backup volume refuses the repair', async () => {
    mountTmpfs(world.backups, 'ro,size=64k');
    const gateway = world.gateway('baileys');
    const outcome = await world.repairer().run(planOf('31', 'repair'), world.target('31', null, gateway));
    expect(outcome).toMatchObject({ result: 'refused', code: 'backup-impossible', detail: expect.stringMatching(/cannot be written \(EROFS\); nothing was deleted; take ":ro" from its mount .*; the session was not touched$/) });
    expect(gateway.calls).toEqual([]);
    expect(await readdir(folder('31'))).toHaveLength(10);
    expect(gateway.running('31')).toBe(true);
  });

  test('a pipe among the files is refused, not skipped', async () => {
    execFileSync('mkfifo', [join(folder('31'), 'pipe')]);
    const outcome = await world.repairer().run(planOf('31', 'reset'), world.target('31', null));
    expect(outcome).toMatchObject({ result: 'refused', detail: expect.stringMatching(/pipe is a socket, pipe or device/) });
    expect(await readdir(folder('31'))).toHaveLength(11);
  });

  test('a file written while the backup is made is refused', async () => {
    const journal = journalWith(world.database(), 'intent backup', () => {
      const timer = setInterval(() => writeFileSync(join(folder('31'), 'pre-key-1.json'), `{"at":${performance.now()}}`), 0);
      cleanups.push(() => clearInterval(timer));
    });
    const outcome = await world.repairer({ journal }).run(planOf('31', 'repair'), world.target('31', null));
    expect(outcome).toMatchObject({ result: 'refused', code: 'backup-impossible', detail: expect.stringMatching(/pre-key-1\.json changed or vanished meanwhile/) });
    expect(await readdir(folder('31'))).toHaveLength(10);
  });
});

describe('deletion follows the manifest', () => {
  test('a file that became a link to /etc is not followed, and the rollback puts the file back', async () => {
    const victim = join(folder('31'), 'pre-key-2.json');
    const before = await treeOf(folder('31'));
    const passwd = readFileSync('/etc/passwd', 'utf8');
    const journal = journalWith(world.database(), 'intent clear-files', () => {
      unlinkSync(victim);
      symlinkSync('/etc/passwd', victim);
    });
    const outcome = await world.repairer({ journal }).run(planOf('31', 'repair'), world.target('31', null));
    expect(outcome).toMatchObject({ result: 'rolled-back', detail: expect.stringMatching(/pre-key-2\.json changed or vanished meanwhile/) });
    expect(readFileSync('/etc/passwd', 'utf8')).toBe(passwd);
    expect(await treeOf(folder('31'))).toEqual(before);
  });

  test('a folder swapped for a link leads nowhere: what it points to keeps every byte', async () => {
    const outside = join(world.dir, 'outside');
    await put(join(outside, 'https_web_0.indexeddb.leveldb/CURRENT'), 'not ours');
    const before = await contentOf(outside);
    const profile = join(world.profiles, 'Shop Nord');
    const login = await contentOf(profile, (path) => /Singleton|Cache/.test(path));
    const journal = journalWith(world.database(), 'intent clear-files', () => {
      renameSync(join(profile, 'Default/IndexedDB'), join(world.dir, 'moved away'));
      symlinkSync(outside, join(profile, 'Default/IndexedDB'));
    });
    const outcome = await world.repairer({ journal }).run(planOf('Shop Nord', 'reset'), world.target('Shop Nord', null));
    expect(outcome).toMatchObject({ result: 'rolled-back', detail: expect.stringMatching(/IndexedDB is not a real folder/) });
    expect(await contentOf(outside)).toEqual(before);
    expect(await contentOf(profile, (path) => /Singleton|Cache/.test(path))).toEqual(login);
  });

  test('a session folder that is itself a link is refused before anything is read', async () => {
    const profile = join(world.profiles, 'Shop Nord');
    renameSync(profile, join(world.dir, 'elsewhere'));
    await symlink(join(world.dir, 'elsewhere'), profile);
    const outcome = await world.repairer().run(planOf('Shop Nord', 'reset'), world.target('Shop Nord', null));
    expect(outcome.result).toBe('refused');
    expect(lstatSync(join(world.dir, 'elsewhere/Default/Cookies')).isFile()).toBe(true);
  });

  test('a session that was started meanwhile is not cleared', async () => {
    const profile = join(world.profiles, 'Shop Nord');
    const before = await contentOf(profile, (path) => /Singleton|Cache/.test(path));
    const journal = journalWith(world.database(), 'intent clear-files', () => symlinkSync('gateway-99', join(profile, 'SingletonLock')));
    const outcome = await world.repairer({ journal }).run(planOf('Shop Nord', 'reset'), world.target('Shop Nord', null));
    expect(outcome).toMatchObject({ result: 'rolled-back', detail: expect.stringMatching(/started by somebody else meanwhile: a browser locked its profile \(gateway-99\)/) });
    expect(await contentOf(profile, (path) => /Singleton|Cache/.test(path))).toEqual(before);
  });

  test('a file that is new since the backup stays, and nothing else is deleted', async () => {
    const journal = journalWith(world.database(), 'intent clear-files', () => {
      mkdirSync(join(world.profiles, 'Shop Nord/Default/Local Storage/leveldb/fresh'));
    });
    const outcome = await world.repairer({ journal }).run(planOf('Shop Nord', 'reset'), world.target('Shop Nord', null));
    expect(outcome).toMatchObject({ result: 'rolled-back', detail: expect.stringMatching(/holds something new/) });
    expect(readdirSync(join(world.profiles, 'Shop Nord/Default/Local Storage/leveldb'))).toEqual(['000005.ldb', 'fresh']);
  });
});

describe('restore', () => {
  test.runIf(isRoot)('a disk that fills while files are staged changes nothing, and the session runs again', async () => {
    const small = join(world.dir, 'small');
    await mkdir(join(small, '1'), { recursive: true });
    mountTmpfs(small, 'size=300k');
    await put(join(small, '1/31/creds.json'), '{"me":1}');
    const noise = randomBytes(150_000);
    await writeFile(join(small, '1/31/app-state-sync-key-A.json'), noise);
    const crowded = new World(world.dir);
    Object.assign(crowded, { sessions: small });
    const gateway = crowded.gateway('baileys');
    const target = crowded.target('31', null, gateway);
    const repairer = crowded.repairer();
    const backup = (await repairer.run(planOf('31', 'reset'), target)).backup!;
    await writeFile(join(small, '1/31/creds.json'), '{"me":2}');
    await writeFile(join(small, '1/31/filler.json'), Buffer.alloc(200_000, 1));
    const before = await contentOf(join(small, '1/31'));
    const outcome = await new Backups(repairer, () => Date.now()).restore(backup, target);
    expect(outcome).toMatchObject({ detail: expect.stringMatching(/ENOSPC|no space/) });
    expect(['rolled-back', 'failed']).toContain(outcome.result);
    expect(await contentOf(join(small, '1/31'))).toEqual(before);
    expect(gateway.running('31')).toBe(true);
  });

  test('a backup with a flipped byte is refused, and the session is not even closed', async () => {
    const gateway = world.gateway('baileys');
    const repairer = world.repairer();
    const backup = (await repairer.run(planOf('31', 'repair'), world.target('31', null, gateway))).backup!;
    const archive = join(world.backups, backup);
    const bytes = await readFile(archive);
    bytes[Math.floor(bytes.length / 2)]! ^= 0x10;
    await writeFile(archive, bytes);
    gateway.calls.length = 0;
    await expect(new Backups(repairer, () => Date.now()).restore(backup, world.target('31', null, gateway))).rejects.toThrow(/does not read back as it was written/);
    expect(gateway.calls).toEqual([]);
  });

  test('a backup of another session is not put into this one', async () => {
    const repairer = world.repairer();
    const backup = (await repairer.run(planOf('31', 'repair'), world.target('31', null))).backup!;
    const before = await treeOf(folder('32'));
    const gateway = world.gateway('baileys');
    await expect(repairer.restore(backup, world.target('32', null, gateway))).rejects.toThrow(/no place of session/);
    expect(await treeOf(folder('32'))).toEqual(before);
    expect(gateway.calls).toEqual([]);
  });

  test('a manifest that leads out of its folder is not trusted', async () => {
    const repairer = world.repairer();
    const backup = (await repairer.run(planOf('31', 'repair'), world.target('31', null))).backup!;
    const path = join(world.backups, backup.replace('.tar.zst', '.json'));
    await writeFile(path, (await readFile(path, 'utf8')).replace('"pre-key-1.json"', '"../32/pre-key-1.json"'));
    await expect(repairer.restore(backup, world.target('31', null))).rejects.toThrow(/not a backup manifest this version can trust/);
  });

  test('a damaged login can be replaced by an older backup', async () => {
    const repairer = world.repairer();
    const before = await treeOf(folder('31'));
    const backup = (await repairer.run(planOf('31', 'repair'), world.target('31', null))).backup!;
    await writeFile(join(folder('31'), 'creds.json'), '');
    expect(await repairer.restore(backup, world.target('31', null))).toMatchObject({ result: 'fixed' });
    expect(await treeOf(folder('31'))).toEqual(before);
  });

  test.each(['folder', 'company'])('a session whose %s was removed comes back, and before it is asked for that is what is said', async (what) => {
    const repairer = world.repairer();
    const target = world.target('31', null);
    const before = await treeOf(folder('31'));
    const company = statSync(world.sessions);
    const backups = new Backups(repairer, () => Date.now());
    const backup = (await repairer.run(planOf('31', 'repair'), target)).backup!;
    rmSync(what === 'folder' ? folder('31') : join(world.sessions, '1'), { recursive: true });
    expect(await backups.describeRestore(backup, target)).toMatchObject({ write: 10, remove: 0, warnings: [] });
    expect(await backups.restore(backup, target)).toMatchObject({ result: 'fixed' });
    expect(await treeOf(folder('31'))).toEqual(before);
    const { mode, uid, gid } = statSync(join(world.sessions, '1'));
    expect([mode, uid, gid]).toEqual([company.mode, company.uid, company.gid]);
  });

  test('where all sessions lay nothing is made: a volume that is not mounted must not become a folder', async () => {
    const repairer = world.repairer();
    const gateway = world.gateway('baileys');
    const target = world.target('31', null, gateway);
    const backup = (await repairer.run(planOf('31', 'repair'), target)).backup!;
    gateway.calls.length = 0;
    rmSync(world.sessions, { recursive: true });
    await expect(repairer.restore(backup, target)).rejects.toThrow(/sessions is not there, .*correct BAILEYS_SESSIONS_DIR/);
    expect([existsSync(world.sessions), gateway.calls]).toEqual([false, []]);
  });
});

describe('a stop in the middle', () => {
  test.each(['intent close', 'result close', 'intent backup', 'result backup', 'intent clear-files', 'result clear-redis', 'result start', 'intent verify'])('at %s no session stays closed', async (when) => {
    const db = world.database();
    let finished: Promise<void> | undefined;
    const gateway = world.gateway('baileys');
    const journal = journalWith(db, when, () => {
      finished = repairer.finishSoon(5_000);
    });
    const repairer = world.repairer({ db, journal });
    const ended = await repairer.run(planOf('31', 'repair'), world.target('31', null, gateway)).then((outcome) => outcome.result, (error: Error) => error.name);
    await finished;
    expect(gateway.running('31')).toBe(true);
    expect(repairer.inFlight()).toEqual([]);
    expect(await repairer.run(planOf('31', 'repair'), world.target('31', null, gateway))).toMatchObject({ result: 'refused', code: 'paused' });
    const next = await world.repairer({ db }).recover(() => world.target('31', null, gateway));
    if (/clear|start|verify/.test(when)) {
      expect(ended).toBe('Interrupted');
      expect(next).toMatchObject([{ result: 'fixed', detail: expect.stringMatching(/cut off .*then finished/) }]);
    } else {
      expect(ended).toBe('rolled-back');
      expect(next).toEqual([]);
    }
    expect(await leftovers(world)).toEqual([]);
  });
});

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Outcome } from '../../sidecar/words.ts';
import { OperatingRoom } from './crash/operating-room.ts';
import type { Content } from './crash/patients.ts';

/** Smaller than a backup of the session with something incompressible in it. */
const SMALL_VOLUME = '256k';
const TOO_MUCH_BYTES = 400_000;
/** Room that a restore of the bulky file does not find. */
const SPARE_KB = 300;
const isRoot = process.getuid?.() === 0;

const room = new OperatingRoom('full-crash-faults', { AUTO_FIX_VERIFY_WITHIN: '10s' });
const { number, browser, lab } = room;
let others: Record<string, unknown>;
let before: Content;
const undo: (() => unknown)[] = [];

beforeAll(() => room.open());
afterAll(() => room.close());
beforeEach(async () => {
  await room.ready();
  await Promise.all([number.scan(), browser.scan()]);
  others = await room.others(number);
  before = await number.content();
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const repair = async (rung: 'repair' | 'reset' = 'reset'): Promise<Outcome> => (await room.ask(rung, number.session))!;
const closed = (): Promise<unknown> => fetch(`${lab.url('whaticket-backend')}/whatsapp/${number.session}/disconnect`, { method: 'PUT', headers: { authorization: `Bearer ${lab.secrets.backend}` } });

/** The one who was repaired is what it was, works, and nobody else was touched. */
async function expectNothingLost(): Promise<void> {
  expect(await number.running()).toBe('OPENED');
  expect(await number.content()).toEqual(before);
  expect(await number.works()).toBe(true);
  expect(await room.others(number)).toEqual(others);
  expect(room.leftovers()).toEqual([]);
}

function mount(folder: string, options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  undo.push(() => execFileSync('umount', ['-l', folder]));
}

/** A file of the host program beside the keys, which a backup has to hold. */
function bulky(name: string): void {
  const path = join(lab.baileysFolderOf(number.session), name);
  writeFileSync(path, randomBytes(TOO_MUCH_BYTES));
  undo.push(() => rmSync(path, { force: true }));
}

describe.runIf(isRoot)('the backup volume', () => {
  const folder = () => join(room.sidecar.env.AUTO_FIX_BACKUP_DIR!, number.session);

  test('is full: refused before anything is deleted, and the session runs again', async () => {
    mkdirSync(folder(), { recursive: true });
    mount(folder(), `size=${SMALL_VOLUME}`);
    bulky('bulky.bin');
    before = await number.content();
    expect(await repair()).toMatchObject({ result: 'refused', code: 'backup-impossible', detail: expect.stringMatching(/no space for a backup in .*started again/) });
    await expectNothingLost();
  });

  test('is read-only: refused before anything is deleted, and the session runs again', async () => {
    mkdirSync(folder(), { recursive: true });
    mount(folder(), 'ro');
    expect(await repair('repair')).toMatchObject({ result: 'refused', code: 'backup-impossible', detail: expect.stringMatching(/cannot be written \(EROFS\)/) });
    await expectNothingLost();
  });
});

test.runIf(isRoot)('a session volume that fills during a restore: the present state stays, whole and running', async () => {
  const folder = lab.baileysFolderOf(number.session);
  bulky('bulky.bin');
  const { backup } = await repair();
  await number.scan();
  rmSync(join(folder, 'bulky.bin'), { force: true });
  const present = await number.content();
  await closed();
  const usedKb = Number(execFileSync('du', ['-sk', folder], { encoding: 'utf8' }).split('\t')[0]);
  const aside = join(lab.data, 'aside');
  execFileSync('cp', ['-a', folder, aside]);
  // Only this side sees the small volume: in the container the folder below it goes on.
  mount(folder, `size=${usedKb + SPARE_KB}k,mode=755`);
  execFileSync('cp', ['-a', `${aside}/.`, folder]);
  const outcome = (await room.ask('restore', number.session, backup!.replace(/\.tar\.zst$/, '')))!;
  expect(outcome).toMatchObject({ result: expect.stringMatching(/^(rolled-back|failed)$/), detail: expect.stringMatching(/ENOSPC|no space/) });
  expect(await number.content()).toEqual(present);
  expect(await number.running()).toBe('OPENED');
  expect(await room.others(number)).toEqual(others);
  expect(room.leftovers()).toEqual([]);
});

test('Redis gone between the backup and the clearing: the files come back at once, the keys by themselves when Redis answers, and it is not left closed', async () => {
  const since = room.sidecar.mark();
  room.watch.hold('intent clear-redis', 'briefly');
  const asked = repair();
  await room.watch.untilHeld();
  await lab.compose('pause', 'redis');
  undo.push(() => lab.compose('unpause', 'redis').catch(() => undefined));
  expect(await asked).toMatchObject({ result: 'failed', detail: expect.stringMatching(/not at its end yet: .*put back by themselves as soon as Redis works again/) });
  room.watch.release();
  // It hangs on its Redis, as far as it can come.
  expect(await number.status()).not.toBe('DISCONNECTED');
  expect(Object.keys(lab.snapshot(lab.baileysFolderOf(number.session))).map((path) => `file ${path}`)).toEqual(Object.keys(before).filter((place) => place.startsWith('file ')));
  // The unlink that timed out arrives now: the keys are gone until they are put back.
  await lab.compose('unpause', 'redis');
  await room.sidecar.says(/\] ALERT 26: rolled-back .*now that Redis works again/, since);
  expect(room.outcomesTold(number.session, since)).toHaveLength(1);
  expect(room.sidecar.log(since).split('put back by themselves as soon as')).toHaveLength(2);
  await expectNothingLost();
});

describe('a gateway that misbehaves', () => {
  const FAULTS = ['error-500', 'html-502', 'close-socket'] as const;

  test.each(FAULTS)('%s at the close: nothing is deleted', async (kind) => {
    await lab.backend.breakGateway({ kind, only: '/disconnect' });
    undo.push(() => lab.backend.breakGateway({ kind: 'none' }));
    expect(await repair()).toMatchObject({ result: expect.stringMatching(/^(refused|failed|rolled-back)$/), backup: null });
    await expectNothingLost();
  });

  test('a close that hangs: nothing is deleted, and it is started again', async () => {
    await lab.backend.breakGateway({ kind: 'hang', only: '/disconnect' });
    undo.push(() => lab.backend.breakGateway({ kind: 'none' }));
    expect(await repair()).toMatchObject({ result: expect.stringMatching(/^(refused|failed|rolled-back)$/), detail: expect.stringMatching(/did not answer.* within|is not closed/) });
    await expectNothingLost();
  });

  test.each(FAULTS)('%s at the start: the old state is back, and the start is made up for when it heals', async (kind) => {
    await lab.backend.breakGateway({ kind, only: '/start-session' });
    undo.push(() => lab.backend.breakGateway({ kind: 'none' }));
    const outcome = await repair();
    expect(outcome).toMatchObject({ result: 'failed', detail: expect.stringMatching(/could not be started again/) });
    expect(await number.content()).toEqual(before);
    expect(await room.others(number)).toEqual(others);
    expect(room.watch.owesAStart()).toBe(true);
    await lab.backend.breakGateway({ kind: 'none' });
    await room.sidecar.stop();
    await room.sidecar.start();
    await expectNothingLost();
    await expect.poll(() => room.watch.owesAStart()).toBe(false);
  });
});

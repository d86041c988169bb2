import { mkdtempSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useMultiFileAuthState } from 'baileys';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BaileysFilesStore } from '../../sidecar/stores/baileys-files.ts';
import { bytesOfText, textOfBytes } from '../../sidecar/stores/bytes.ts';
import { ChromiumProfileStore } from '../../sidecar/stores/chromium-profile.ts';
import type { Inventory, Role } from '../../sidecar/stores/store.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stores-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function put(path: string, content = 'x'): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
}
const roles = (inventory: Inventory): Record<string, Role> => Object.fromEntries(inventory.files.map(({ path, role }) => [path, role]));

test('any bytes of a name become text and the same bytes again, also through JSON', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
    const text = textOfBytes(Buffer.from(bytes));
    expect(bytesOfText(JSON.parse(JSON.stringify(text)) as string)).toEqual(Buffer.from(bytes));
  }));
  expect(textOfBytes(Buffer.from('Grüße 🙂'))).toBe('Grüße 🙂');
});

describe('the Chromium profile of wppconnect-server', () => {
  const store = () => new ChromiumProfileStore({ userDataDir: join(dir, 'profiles'), tokensDir: join(dir, 'tokens') });
  beforeEach(async () => {
    for (const path of ['Default/IndexedDB/a/CURRENT', 'Default/Cache/f', 'Default/Code Cache/js/i', 'GPUCache/data_0', 'Default/DawnWebGPUCache/i', 'Crashpad/settings.dat',
      'Default/Service Worker/CacheStorage/x/y', 'Default/Service Worker/Database/LOG', 'Default/Storage/ext/app/Cache/deep']) await put(join(dir, 'profiles/Shop Nord', path));
    await put(join(dir, 'tokens/Shop Nord.data.json'), '{}');
    await put(join(dir, 'tokens/only-token.data.json'), '{}');
  });

  test('lists sessions by profile folder and by token file', async () => {
    expect(await store().list()).toEqual(['Shop Nord', 'only-token']);
  });

  test('caches are disposable, the token file is kept, everything else is login', async () => {
    const found = roles(await store().inventory('Shop Nord'));
    expect(Object.keys(found).filter((path) => found[path] === 'disposable').sort()).toEqual([
      'Crashpad', 'Crashpad/settings.dat', 'Default/Cache', 'Default/Cache/f', 'Default/Code Cache', 'Default/Code Cache/js', 'Default/Code Cache/js/i', 'Default/DawnWebGPUCache',
      'Default/DawnWebGPUCache/i', 'Default/Service Worker/CacheStorage', 'Default/Service Worker/CacheStorage/x', 'Default/Service Worker/CacheStorage/x/y', 'GPUCache', 'GPUCache/data_0',
    ]);
    expect(found).toMatchObject({ '.': 'kept', 'Shop Nord.data.json': 'kept', 'Default/IndexedDB/a/CURRENT': 'login', 'Default/Service Worker/Database/LOG': 'login', 'Default/Storage/ext/app/Cache/deep': 'login' });
  });

  test('a stale lock is a link to nowhere: seen, named, disposable', async () => {
    await symlink('oldhost-123', join(dir, 'profiles/Shop Nord/SingletonLock'));
    expect(await store().locks('Shop Nord')).toEqual([{ path: join(dir, 'profiles/Shop Nord/SingletonLock'), target: 'oldhost-123' }]);
    expect(roles(await store().inventory('Shop Nord'))['SingletonLock']).toBe('disposable');
  });

  test('a session with a token file and no profile has only that', async () => {
    expect(roles(await store().inventory('only-token'))).toEqual({ 'only-token.data.json': 'kept' });
  });

  test.each(['..', '.', 'a/b', '../tokens', '', 'x\0y', 'x'.repeat(300)])('the name %j reaches no path', async (name) => {
    await expect(store().inventory(name)).rejects.toMatchObject({ name: 'StoreError', code: 'unsafe' });
  });

  test('a folder that is a link is refused', async () => {
    await symlink('/etc', join(dir, 'profiles/trap'));
    await expect(store().inventory('trap')).rejects.toThrow(/trap is not a real folder/);
  });

  test('a link inside is listed as a link and not followed', async () => {
    await symlink('/etc', join(dir, 'profiles/Shop Nord/Default/link'));
    const { files } = await store().inventory('Shop Nord');
    expect(files.filter(({ path }) => path.startsWith('Default/link'))).toMatchObject([{ path: 'Default/link', type: 'symlink' }]);
  });

  test('a socket is refused with its path', async () => {
    const socket = createServer().listen(join(dir, 'profiles/Shop Nord/s'));
    await new Promise((resolve) => void socket.once('listening', resolve));
    await expect(store().inventory('Shop Nord')).rejects.toThrow(/Shop Nord\/s is a socket, pipe or device/);
    socket.close();
  });

  test('only its own places belong to a session', async () => {
    const owns = await store().owns('Shop Nord');
    expect([owns(join(dir, 'profiles/Shop Nord'), 'Default'), owns(join(dir, 'tokens'), 'Shop Nord.data.json'), owns(join(dir, 'tokens'), 'only-token.data.json'), owns('/etc', 'passwd')])
      .toEqual([true, true, false, false]);
  });
});

describe('baileys files', () => {
  test('what the real useMultiFileAuthState writes is told apart: login stays, keys may go', async () => {
    const { state, saveCreds } = await useMultiFileAuthState(join(dir, '1/26'));
    await saveCreds();
    await state.keys.set({
      session: { '5500000000001.0': Buffer.from('s') }, 'pre-key': { 7: { public: Buffer.from('p'), private: Buffer.from('q') } }, 'sender-key': { 'g@g.us::550::0': Buffer.from('k') },
      'sender-key-memory': { 'g@g.us': { a: true } }, 'app-state-sync-key': { AAAA: { keyData: Buffer.from('k') } as never }, 'app-state-sync-version': { critical: { version: 1, hash: Buffer.alloc(1), indexValueMap: {} } },
      'lid-mapping': { 550: '99' }, 'device-list': { 550: ['0'] }, tctoken: { 550: { token: Buffer.from('t') } }, 'identity-key': { 550: Buffer.from('i') },
    });
    await put(join(dir, '1/26/host-notes.txt'));
    const found = roles(await new BaileysFilesStore(dir).inventory('26'));
    expect(Object.keys(found).filter((path) => found[path] === 'login').sort()).toEqual(['app-state-sync-key-AAAA.json', 'creds.json', 'host-notes.txt']);
    expect(Object.values(found).filter((role) => role === 'keys')).toHaveLength(9);
    expect(JSON.parse(await readFile(join(dir, '1/26/creds.json'), 'utf8'))).toHaveProperty('noiseKey');
  });

  test('both layouts are found, an emptied session too, and equal ids of two companies do not merge', async () => {
    for (const path of ['5/creds.json', '1/26/creds.json', '1/27/creds.json', '2/27/creds.json']) await put(join(dir, path), '{"a":1}');
    await mkdir(join(dir, '1/30'));
    expect(await new BaileysFilesStore(dir).list()).toEqual(['1/27', '2/27', '26', '30', '5']);
  });

  test('a peer address leads to the sessions that hold it', async () => {
    for (const path of ['1/26/session-5500000000001.0.json', '1/26/session-99_1.0.json', '1/27/session-99_1.0.json', '1/27/creds.json']) await put(join(dir, path), '{}');
    expect(await new BaileysFilesStore(dir).peers()).toEqual(new Map([['5500000000001.0', ['26']], ['99_1.0', ['26', '27']]]));
  });

  test('a session that has no folder is said, with the setting to look at', async () => {
    await expect(new BaileysFilesStore(dir).inventory('99')).rejects.toThrow(/no folder of session "99".*BAILEYS_SESSIONS_DIR/);
  });
});

test.each([
  ['WPPCONNECT_USER_DATA_DIR', (nowhere: string) => new ChromiumProfileStore({ userDataDir: nowhere, tokensDir: null })],
  ['WPPCONNECT_TOKENS_DIR', (nowhere: string) => new ChromiumProfileStore({ userDataDir: dir, tokensDir: nowhere })],
  ['BAILEYS_SESSIONS_DIR', (nowhere: string) => new BaileysFilesStore(nowhere)],
])('a folder that is not there is a wrong mount or a wrong %s, and no session that is being written', async (setting, storeAt) => {
  const nowhere = join(dir, 'nowhere');
  await expect(storeAt(nowhere).list()).rejects.toThrow(`${nowhere} is not there, so the data of its sessions can be neither backed up nor cleared; mount the gateway's folder there, or correct ${setting}`);
});

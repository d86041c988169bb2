import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAlive } from '../../.ci/lock.mjs';
import { startDemo, STORY_MS } from './demo/running-demo.ts';
import type { Play } from './demo/scene.ts';
import { Screen, wrapped } from './demo/screen.ts';
import { zombie } from './demo/zombie.ts';
import { waitFor } from './engine.ts';

const ESCAPE = '\u001b';
let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'demo-test-'));
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

const start = (...args: string[]) => startDemo(temporary, ...args);
const left = (): string[] => readdirSync(temporary);

test('a message that still does not arrive after the repair is told, not shown as proven', async () => {
  const wpp = { session: async () => ({ status: 'CONNECTED', starts: 1, connectedSince: '' }), breakSession: async () => ({ result: false }) };
  const screen = new Screen();
  screen.hush();
  const play = {
    screen, proofs: [] as string[], command: async () => '',
    stage: { wpp, profileOf: () => temporary },
    log: { lines: [], says: async () => 'Pixel12 Digital: fixed by restart in 1.0 s' },
  };
  await expect(zombie(play as unknown as Play)).rejects.toThrow('a message to "Pixel12 Digital" still does not arrive');
  expect(play.proofs).toEqual([]);
});

describe('npm run demo without Docker', () => {
  test('decides on recorded logs, restarts the zombie, repairs the Bad MAC, goes back, and says what was proven', async () => {
    const demo = start('--embedded');
    expect(await demo.code, demo.seen.text + demo.seen.stderr).toBe(0);
    const { text } = demo.seen;
    const flat = text.replace(/\s+/g, ' ');
    for (const words of [
      '6 disconnect hits (auto-close 2, qr-read-error 2, session-unpaired 1, browser-running 1) -> restart',
      '26: 6 corruption hits (bad-mac 6) -> repair',
      'Pixel12 Digital: 1 disconnect hit in 5m (browser-closed 1); probe zombie; restart',
      'Pixel12 Digital: fixed by restart in',
      '26: 6 corruption hits in 5m (bad-mac 6); probe healthy; repair',
      '26: backup verified: 35 files',
      '26: fixed by repair in',
      '26: fixed by restore in',
      'What was proven ok a message to "Pixel12 Digital" arrives again ok "ImobSites" was not touched',
      'ok the next message to 26 decrypts ok 26 kept its login: no QR scan ok 27 was not touched',
      'ok the backup brought back 35 files',
      'Everything the demo made was removed again',
    ]) expect(flat).toContain(words);
    expect(text).not.toContain(ESCAPE);
    expect(text.split('\n').filter((line) => line.length > 100)).toEqual([]);
    expect(demo.seen.stderr).toBe('');
    expect(left()).toEqual([]);
  }, STORY_MS);

  test.each(['SIGINT', 'SIGTERM'] as const)('interrupted by %s in the middle of a repair, it removes what it made and says so', async (signal) => {
    const demo = start('--embedded');
    await demo.says('Pixel12 Digital: closed in');
    const [folder] = left();
    expect(folder).toMatch(/^auto-fix-demo-embedded-\d+-/);
    demo.child.kill(signal);
    expect(await demo.code).toBe(130);
    expect(demo.seen.text).toMatch(/Interrupted: removing what was made \.\.\.\nEverything was removed; run it again any time\.\n$/);
    expect(left()).toEqual([]);
  }, STORY_MS);

  test('killed outright, no process of it lives on, and the next demo removes its folder', async () => {
    const killed = start('--embedded');
    await killed.says('2. A session dies');
    const children = childrenOf(killed.child.pid!);
    expect(children.length).toBeGreaterThanOrEqual(3); // two browsers and the Baileys backend
    killed.child.kill('SIGKILL');
    await killed.code;
    await waitFor(() => !children.some(isAlive), 'its gateways to end');
    const [folder] = left();
    const other = `auto-fix-demo-embedded-${process.pid}-running`;
    mkdirSync(join(temporary, other));

    const next = start('--embedded');
    await next.says('removing what a demo that was cut off left behind');
    await next.says('2. A session dies');
    expect(left()).not.toContain(folder);
    next.child.kill('SIGTERM');
    expect(await next.code).toBe(130);
    expect(left()).toEqual([other]); // that demo lives
  }, STORY_MS);

  test('says in a sentence what did not work, and ends with 1', async () => {
    rmSync(temporary, { recursive: true });
    const demo = start('--embedded');
    expect(await demo.code).toBe(1);
    expect(demo.seen.text).toMatch(/The demo did not work: .*no such file or directory/);
  });
});

test('a line wider than the screen is broken between words, and a word that is wider anywhere', () => {
  expect(wrapped(`${'word '.repeat(30)}end`, '  ', '      ').split('\n').map((line) => line.length).every((width) => width <= 100)).toBe(true);
  expect(wrapped('x'.repeat(150), '  ', '      ').split('\n').map((line) => line.trim().length)).toEqual([94, 56]);
  expect(wrapped('two  blanks stay', '', '')).toBe('two  blanks stay');
});

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

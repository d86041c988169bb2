import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startDemo, STORY_MS } from '../lab/demo/running-demo.ts';
import { docker } from '../lab/engine.ts';

let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'demo-e2e-'));
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

const demosContainers = async (pid: number): Promise<string> =>
  (await docker(['ps', '-aq', '--filter', `label=com.docker.compose.project=auto-fix-demo-${pid}`])).stdout.trim();

test('npm run demo on an engine, after one that was killed: the other\'s containers go, both scenes are proven, nothing is left', async () => {
  const killed = startDemo(temporary, '--engine');
  await killed.says('2. A session dies');
  killed.child.kill('SIGKILL');
  await killed.code;
  expect(await demosContainers(killed.child.pid!)).not.toBe('');

  const demo = startDemo(temporary);
  expect(await demo.code, demo.seen.text + demo.seen.stderr).toBe(0);
  const flat = demo.seen.text.replace(/\s+/g, ' ');
  for (const words of [
    'removing what a demo that was cut off left behind', 'and its containers',
    'On the Docker engine in reach', `watching container auto-fix-demo-${demo.child.pid}-wppconnect-server-1`,
    'Pixel12 Digital: fixed by restart in', '26: fixed by repair in', '26: fixed by restore in',
    'What was proven ok a message to "Pixel12 Digital" arrives again ok "ImobSites" was not touched',
    'ok the backup brought back 35 files and 35 Redis keys, byte for byte',
  ]) expect(flat).toContain(words);
  expect(await demosContainers(killed.child.pid!)).toBe('');
  expect(await demosContainers(demo.child.pid!)).toBe('');
  expect(readdirSync(temporary)).toEqual([]);
}, 2 * STORY_MS);

test('interrupted while its stack comes up, it leaves no container behind', async () => {
  const demo = startDemo(temporary, '--engine');
  await demo.says('Now live.');
  demo.child.kill('SIGINT');
  expect(await demo.code).toBe(130);
  expect(demo.seen.text).toContain('Everything was removed');
  expect(await demosContainers(demo.child.pid!)).toBe('');
  expect(readdirSync(temporary)).toEqual([]);
}, STORY_MS);

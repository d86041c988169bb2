import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../lab/engine.ts';

const PROJECT = join(import.meta.dirname, '../..');
const LOCK_FILE = { packages: { '': {}, 'node_modules/needed': { version: '1.0.0' }, 'node_modules/elsewhere': { version: '2.0.0', optional: true } } };

/** A checkout with one dependency, and an `npm` in PATH that notes its calls. */
let home: string;
const at = (...parts: string[]) => join(home, ...parts);

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ship-'));
  cpSync(join(PROJECT, '.ci'), at('.ci'), { recursive: true });
  mkdirSync(at('bin'));
  writeFileSync(at('package.json'), '{"type":"module"}');
  writeFileSync(at('package-lock.json'), JSON.stringify(LOCK_FILE));
  writeFileSync(at('say.ts'), 'const words: string[] = process.argv.slice(2);\nconsole.log(words.join(" "));\n');
  npm('mkdir -p node_modules/needed && echo "{}" > node_modules/needed/package.json');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** What stands in for npm; it also talks on stdout, as npm does. */
function npm(script: string): void {
  writeFileSync(at('bin/npm'), `#!/bin/sh\necho "npm talks"\necho call >> npm-calls\n${script}\n`, { mode: 0o755 });
}

const installations = () => (existsSync(at('npm-calls')) ? readFileSync(at('npm-calls'), 'utf8').split('\n').length - 1 : 0);
const env = () => ({ ...process.env, PATH: `${at('bin')}:${process.env.PATH}` });
const run = (...args: string[]) => spawnSync(process.execPath, [at('.ci/with-node24.mjs'), ...args], { cwd: home, env: env(), encoding: 'utf8' });

describe('a fresh checkout', () => {
  it('installs once and keeps stdout for the program', () => {
    const first = run('say.ts', 'hello', 'two words');
    expect(first).toMatchObject({ status: 0, stdout: 'hello two words\n' });
    expect(first.stderr).toContain('installing the dependencies');
    expect(first.stderr).toContain('npm talks');
    const second = run('say.ts', 'again');
    expect(second).toMatchObject({ status: 0, stdout: 'again\n', stderr: '' });
    expect(installations()).toBe(1);
  });

  it('says what to do when npm ci fails, and tries again the next time', () => {
    npm('exit 1');
    expect(run('say.ts')).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('npm ci failed') });
    expect(run('say.ts').status).toBe(1);
    expect(installations()).toBe(2);
  });
});

describe('an installation is repaired', () => {
  beforeEach(() => {
    expect(run('say.ts').status).toBe(0);
  });

  it('when it was interrupted', () => {
    rmSync(at('node_modules/.auto-fix-installed'));
    expect(run('say.ts').status).toBe(0);
    expect(installations()).toBe(2);
  });

  it('when a package is gone', () => {
    rmSync(at('node_modules/needed'), { recursive: true });
    expect(run('say.ts').status).toBe(0);
    expect(installations()).toBe(2);
  });

  it('when package-lock.json names another version', () => {
    writeFileSync(at('package-lock.json'), JSON.stringify({ packages: { 'node_modules/needed': { version: '1.0.1' } } }));
    expect(run('say.ts').status).toBe(0);
    expect(installations()).toBe(2);
  });
});

it('accepts what somebody installed by hand with npm', () => {
  mkdirSync(at('node_modules/needed'), { recursive: true });
  writeFileSync(at('node_modules/needed/package.json'), '{}');
  writeFileSync(at('node_modules/.package-lock.json'), JSON.stringify({ packages: { 'node_modules/needed': { version: '1.0.0' } } }));
  expect(run('say.ts').status).toBe(0);
  expect(installations()).toBe(0);
});

it('installs once when two commands start at the same time', async () => {
  npm('sleep 1; mkdir -p node_modules/needed && echo "{}" > node_modules/needed/package.json');
  const both = await Promise.all([start('say.ts', 'a'), start('say.ts', 'b')].map(({ ended }) => ended));
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(installations()).toBe(1);
});

it('takes over the lock of a process that was killed while it installed', () => {
  const dead = spawnSync('true').pid;
  mkdirSync(at('.lab'));
  writeFileSync(at('.lab/npm-ci.lock'), `${dead}\n`);
  expect(run('say.ts').status).toBe(0);
  expect(existsSync(at('.lab/npm-ci.lock'))).toBe(false);
});

describe('the program it starts', () => {
  beforeEach(() => {
    expect(run('say.ts').status).toBe(0);
  });

  it('gives its exit code', () => {
    writeFileSync(at('seven.ts'), 'process.exitCode = 7;');
    expect(run('seven.ts').status).toBe(7);
  });

  it('may be a tool of node_modules', () => {
    mkdirSync(at('node_modules/.bin'));
    symlinkSync('../../say.ts', at('node_modules/.bin/say'));
    expect(run('--bin', 'say', 'hello')).toMatchObject({ status: 0, stdout: 'hello\n' });
    expect(run('--bin', 'nothing')).toMatchObject({ status: 1, stderr: expect.stringContaining('no tool nothing') });
  });

  it('gets SIGTERM and ends in its own way', async () => {
    writeFileSync(at('wait.ts'), 'process.on("SIGTERM", () => { console.log("put away"); process.exit(3); });\nsetInterval(() => {}, 1000);\nconsole.log("ready");');
    const { child, out, ended } = start('wait.ts');
    await waitFor(() => out().includes('ready'), 'the program to be ready');
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 3, signal: null });
    expect(out()).toBe('ready\nput away\n');
  });

  it('dies of a signal, and so does the command', async () => {
    writeFileSync(at('wait.ts'), 'setInterval(() => {}, 1000);\nconsole.log("ready");');
    const { child, out, ended } = start('wait.ts');
    await waitFor(() => out().includes('ready'), 'the program to be ready');
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('says nothing about experimental features on stdout or stderr', () => {
    writeFileSync(at('sqlite.ts'), 'import { DatabaseSync } from "node:sqlite";\nnew DatabaseSync(":memory:").close();\nconsole.log("done");');
    expect(run('sqlite.ts')).toMatchObject({ status: 0, stdout: 'done\n', stderr: '' });
  });
});

function start(...args: string[]) {
  const child = spawn(process.execPath, [at('.ci/with-node24.mjs'), ...args], { cwd: home, env: env(), stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk));
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return { child, out: () => text, ended };
}

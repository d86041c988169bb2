import { execFileSync } from 'node:child_process';
import type Dockerode from 'dockerode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { readHistory } from '../../sidecar/watch/recording.ts';
import type { Watcher } from '../../sidecar/watch/watcher.ts';
import { BUSYBOX_IMAGE } from '../lab/bring-up/images.ts';
import { testDocker } from '../lab/engine.ts';
import { Receiver, until } from './receiver.ts';

const docker = testDocker();
const prefix = `watch-${process.pid}`;
const watchers: Watcher[] = [];

afterEach(async () => {
  await Promise.all(watchers.splice(0).map((watcher) => watcher.stop()));
  await removeAll();
});
afterAll(removeAll);

async function removeAll(): Promise<void> {
  const listed = await docker.listContainers({ all: true });
  for (const container of listed) {
    if (container.Names.some((name) => name.startsWith(`/${prefix}`))) await docker.getContainer(container.Id).remove({ force: true });
  }
}

async function run(name: string, script: string, options: Partial<Dockerode.ContainerCreateOptions> = {}): Promise<Dockerode.Container> {
  const container = await docker.createContainer({ Image: BUSYBOX_IMAGE, name: `${prefix}-${name}`, Cmd: ['sh', '-c', script], StopTimeout: 0, ...options, HostConfig: { NetworkMode: 'none', ...options.HostConfig } });
  await container.start();
  return container;
}

async function watch(receiver: Receiver, names: string[]): Promise<Watcher> {
  const watcher = receiver.watcher(docker, names.map((name) => `${prefix}-${name}`), { callDeadlineMs: 10_000 });
  watchers.push(watcher);
  await watcher.start();
  return watcher;
}

const count = (to: number, pause = 0, from = 0) => `i=${from}; while [ $i -lt ${to} ]; do echo "out $i"; echo "err $i" >&2; i=$((i+1)); ${pause ? `sleep ${pause};` : ''} done`;
const numbered = (to: number, from = 0) => Array.from({ length: to - from }, (_, i) => [`out ${i + from}`, `err ${i + from}`]).flat().sort();
const of = (receiver: Receiver, name: string) => receiver.lines.filter((line) => line.container === `${prefix}-${name}`).map((line) => line.text).sort();
const has = (receiver: Receiver, lines: number) => until(`${lines} lines`, () => receiver.lines.length >= lines, () => [receiver.lines.length, receiver.told], 60_000);

describe('on a real engine each numbered line arrives exactly once', () => {
  it('from two containers and both streams, with the sidecar stopped and started in between', async () => {
    const receiver = new Receiver();
    await run('a', `${count(3_000)}; sleep 1; ${count(3_200, 0.01, 3_000)}`);
    await run('b', count(200, 0.02));
    const first = await watch(receiver, ['a', 'b']);
    await has(receiver, 2_000);
    await first.stop();
    await watch(receiver, ['a', 'b']);
    await has(receiver, 6_800);
    expect(of(receiver, 'a')).toEqual(numbered(3_200));
    expect(of(receiver, 'b')).toEqual(numbered(200));
    expect(new Set(receiver.lines.map((line) => line.stream))).toEqual(new Set(['stdout', 'stderr']));
  });

  it('from a terminal, with colours, carriage returns and a line of many parts', async () => {
    const receiver = new Receiver();
    await run('tty', `${count(50).replaceAll('echo "', 'printf "\\033[31m').replaceAll('$i"', '$i\\033[0m\\n"')}; head -c 50000 /dev/zero | tr '\\0' x; echo; echo last`, { Tty: true });
    await watch(receiver, ['tty']);
    await has(receiver, 102);
    expect(of(receiver, 'tty').filter((text) => text.length < 50)).toEqual([...numbered(50), 'last'].sort());
    expect(receiver.lines.find((line) => line.text.startsWith('x'))).toMatchObject({ text: 'x'.repeat(50_000), skippedBytes: 0 });
  });

  it('across restarts of the container', async () => {
    const receiver = new Receiver();
    const container = await run('restart', `${count(100)}; sleep 100`);
    await watch(receiver, ['restart']);
    for (let start = 1; start <= 3; start++) {
      await has(receiver, 200 * start);
      await container.restart({ t: 0 });
    }
    await has(receiver, 800);
    expect(of(receiver, 'restart')).toEqual(Array.from({ length: 4 }, () => numbered(100)).flat().sort());
  });

  it('when the container is recreated under its name, and when the name appears late', async () => {
    const receiver = new Receiver();
    const watcher = await watch(receiver, ['again']);
    expect(watcher.health().absent).toEqual([`${prefix}-again`]);
    const first = await run('again', `${count(100)}; sleep 100`);
    await has(receiver, 200);
    await first.remove({ force: true });
    await run('again', `${count(200, 0, 100)}; sleep 100`);
    await has(receiver, 400);
    expect(of(receiver, 'again')).toEqual(numbered(200));
    await until('one container is left', () => watcher.containers().length === 1, () => watcher.containers());
    expect(receiver.cursors.size).toBe(1);
  });

  it('when a line has 50 MB: its beginning, and the rest counted', async () => {
    const receiver = new Receiver();
    await run('long', "echo first; head -c 50000000 /dev/zero | tr '\\0' y; echo; echo last");
    await watch(receiver, ['long']);
    await has(receiver, 3);
    expect(receiver.lines.map((line) => [line.text.length, line.skippedBytes])).toEqual([[5, 0], [262_144, 50_000_000 - 262_144], [4, 0]]);
  });

  it('when its log rotates every few moments', async () => {
    const receiver = new Receiver();
    const watcher = await run('rotate', `${count(6_000)}; sleep 1; ${count(6_100, 0.01, 6_000)}`, { HostConfig: { LogConfig: { Type: 'json-file', Config: { 'max-size': '200k', 'max-file': '20' } } } })
      .then(() => watch(receiver, ['rotate']));
    await has(receiver, 12_200);
    expect(of(receiver, 'rotate')).toEqual(numbered(6_100));
    expect(watcher.health().ok).toBe(true);
  });

  it('with the local driver, lines of many parts included', async () => {
    const receiver = new Receiver();
    await run('local', `${count(500)}; head -c 40000 /dev/zero | tr '\\0' z; echo; ${count(510, 0.1, 500)}`, { HostConfig: { LogConfig: { Type: 'local', Config: {} } } });
    await watch(receiver, ['local']);
    await has(receiver, 1_021);
    expect(of(receiver, 'local').filter((text) => text.length < 50)).toEqual(numbered(510));
    expect(of(receiver, 'local').filter((text) => text.length >= 50)).toEqual(['z'.repeat(40_000)]);
  });
});

describe('on a real engine', () => {
  it('a log driver that keeps nothing is said once, with what to do', async () => {
    const receiver = new Receiver();
    await run('none', 'sleep 100', { HostConfig: { LogConfig: { Type: 'none', Config: {} } } });
    const watcher = await watch(receiver, ['none']);
    await until('it is said', () => receiver.told.some((line) => line.startsWith('error: ')), () => receiver.told);
    expect(receiver.told.find((line) => line.startsWith('error: '))).toContain('log driver "none" keeps nothing that can be read');
    expect(watcher.health()).toMatchObject({ ok: false, containers: [{ state: 'unreadable' }] });
  });

  it('a container that asks by its label is watched under its own name; a one-off of the service is not', async () => {
    const receiver = new Receiver();
    const compose = { 'com.docker.compose.service': `${prefix}-svc`, 'com.docker.compose.oneoff': 'False' };
    await run('by-label', 'echo labelled', { Labels: { 'auto-fix.watch': 'true' } });
    await run('svc-1', 'echo one', { Labels: compose });
    await run('svc-2', 'echo two', { Labels: compose });
    await run('svc-run', 'echo one-off', { Labels: { ...compose, 'com.docker.compose.oneoff': 'True' } });
    await watch(receiver, ['svc']);
    await has(receiver, 3);
    expect(receiver.lines.map((line) => `${line.container}: ${line.text}`).sort()).toEqual([`${prefix}-by-label: labelled`, `${prefix}-svc: one`, `${prefix}-svc: two`]);
  });

  it('a stop by hand is told from an end by itself, and the history can be read for a replay', async () => {
    const receiver = new Receiver();
    const watcher = await watch(receiver, ['stopped', 'ended']);
    const stopped = await run('stopped', `${count(20)}; sleep 100`);
    await run('ended', 'echo bye; exit 3');
    await has(receiver, 41);
    await stopped.stop({ t: 0 });
    const state = (name: string) => watcher.containers().find((c) => c.name === `${prefix}-${name}`);
    await until('both are seen', () => [state('stopped'), state('ended')].every((one) => one?.state === 'exited' && one.exitCode !== null) && state('stopped')!.stoppedOnPurpose, () => watcher.containers());
    expect([state('stopped')!.stoppedOnPurpose, state('ended')!.stoppedOnPurpose, state('ended')!.exitCode]).toEqual([true, false, 3]);
    const history: string[] = [];
    for await (const line of readHistory(docker, `${prefix}-stopped`)) history.push(line.text);
    expect(history.sort()).toEqual(numbered(20));
  });

  it('the engine itself agrees: docker logs shows as many lines as arrived', async () => {
    const receiver = new Receiver();
    const container = await run('agree', count(1_000));
    await watch(receiver, ['agree']);
    await has(receiver, 2_000);
    const shown = execFileSync('sh', ['-c', `docker logs ${container.id} 2>&1`], { encoding: 'utf8' }).trim().split('\n');
    expect(of(receiver, 'agree')).toEqual(shown.sort());
  });
});

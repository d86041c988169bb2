import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ownProject } from '../../sidecar/watch/own-project.ts';
import { DockerHands } from '../../sidecar/repair/container-hands.ts';
import { FakeEngine } from './fake-engine.ts';

const OWN_ID = 'c0ffee'.padEnd(64, '1');
const HOSTNAME = OWN_ID.slice(0, 12);

let engine: FakeEngine;
let told: string[];
const tell = (level: string, message: string): void => void told.push(`${level}: ${message}`);

beforeEach(async () => {
  engine = new FakeEngine();
  told = [];
  await engine.listen();
});
afterEach(() => engine.dispose());

const inStack = (project: string, service: string, id: string): void => {
  engine.add(id, `${project}-${service}-1`).labels = { 'com.docker.compose.project': project, 'com.docker.compose.service': service, 'com.docker.compose.oneoff': 'False' };
};

describe('the Compose project the sidecar runs in', () => {
  test('is that of the container whose id is our host name, told in one line', async () => {
    inStack('shop', 'auto-fix-sessions', OWN_ID);
    expect(await ownProject(engine.docker, HOSTNAME, tell)).toBe('shop');
    expect(told).toEqual([expect.stringContaining('our own Compose project shop only')]);
  });

  test('is none on a host: the engine is not even asked', async () => {
    expect(await ownProject(engine.docker, 'vps-1', tell)).toBeNull();
    expect(engine.requests).toEqual([]);
    expect(told).toEqual([expect.stringMatching(/^info: watching services of every Compose project/)]);
  });

  test('is none for a container that somebody started by hand', async () => {
    engine.add(OWN_ID, 'by-hand');
    expect(await ownProject(engine.docker, HOSTNAME, tell)).toBeNull();
    expect(told).toEqual([expect.stringContaining('our own container belongs to none')]);
  });

  test.each([
    ['the engine does not know us', () => undefined, 'No such container'],
    ['a proxy forbids to look', () => void (engine.refuse = { status: 403, message: 'Forbidden' }), 'socket proxy refuses'],
    ['the engine is away', () => engine.close(), 'cannot be reached'],
  ])('is not found out when %s: said as a warning with what to do', async (_what, happen, words) => {
    await happen();
    expect(await ownProject(engine.docker, HOSTNAME, tell)).toBeNull();
    expect(told).toEqual([expect.stringMatching(/^warn: watching services of every Compose project .*name containers in AUTO_FIX_CONTAINERS/)]);
    expect(told[0]).toContain(words);
  });
});

describe('a browser is looked for', () => {
  test('in the container of our own stack only, though another has the same service', async () => {
    inStack('theirs', 'wppconnect-server', 'b2');
    await expect(new DockerHands(engine.docker, 'shop').processes('wppconnect-server')).rejects.toThrow('there is no container wppconnect-server');
    expect(engine.requests.filter((request) => request.includes('b2'))).toEqual([]);
  });

  test('nowhere when two stacks have the service and ours is not known', async () => {
    inStack('theirs', 'wppconnect-server', 'b2');
    inStack('shop', 'wppconnect-server', 'a1');
    await expect(new DockerHands(engine.docker).processes('wppconnect-server')).rejects.toThrow(/2 containers run as wppconnect-server/);
  });
});

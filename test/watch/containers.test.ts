import { describe, expect, it } from 'vitest';
import { chooseWatched, watchedName } from '../../sidecar/watch/containers.ts';

const compose = (service: string, oneoff = 'False') => ({ 'com.docker.compose.service': service, 'com.docker.compose.oneoff': oneoff });
const names = ['wppconnect-server', 'gateway-wrapper'];

describe('a container is watched', () => {
  it.each([
    ['by its Compose service', compose('gateway-wrapper'), 'stack-gateway-wrapper-1', 'gateway-wrapper'],
    ['by its own name', {}, 'wppconnect-server', 'wppconnect-server'],
    ['by its own name, whatever its service is called', compose('wpp'), 'wppconnect-server', 'wppconnect-server'],
    ['by its label, under its service', { ...compose('backend'), 'auto-fix.watch': 'true' }, 'stack-backend-1', 'backend'],
    ['by its label, under its own name', { 'auto-fix.watch': 'true' }, 'backend', 'backend'],
    ['not when nobody asked for it', compose('postgres'), 'stack-postgres-1', null],
    ['not when its label says false', { 'auto-fix.watch': 'false' }, 'backend', null],
    ['not when it is a one-off run of a watched service', compose('gateway-wrapper', 'True'), 'stack-gateway-wrapper-run-1', null],
    ['not when its name only begins alike', {}, 'wppconnect-server-old', null],
  ])('%s', (_how, labels, containerName, expected) => {
    expect(watchedName(labels as Record<string, string>, containerName, names)).toBe(expected);
  });

  it.each([
    ['a service of our own project', { ...compose('gateway-wrapper'), 'com.docker.compose.project': 'ours' }, 'ours-gateway-wrapper-1', 'gateway-wrapper'],
    ['not the same service of another stack', { ...compose('gateway-wrapper'), 'com.docker.compose.project': 'theirs' }, 'theirs-gateway-wrapper-1', null],
    ['a container of any stack by its own name', { ...compose('other'), 'com.docker.compose.project': 'theirs' }, 'gateway-wrapper', 'gateway-wrapper'],
    ['one of another stack by its label, under its own name: the service is not ours', { ...compose('gateway-wrapper'), 'com.docker.compose.project': 'theirs', 'auto-fix.watch': 'true' }, 'theirs-gateway-wrapper-1', 'theirs-gateway-wrapper-1'],
    ['one without a stack by its own name', {}, 'wppconnect-server', 'wppconnect-server'],
  ])('inside a Compose project: %s', (_how, labels, containerName, expected) => {
    expect(watchedName(labels as Record<string, string>, containerName, names, 'ours')).toBe(expected);
  });

  it('by its own name, not by the alias of a link', () => {
    const listed = [{ Id: 'x', Names: ['/other/gateway-wrapper', '/own'], Labels: {}, State: 'running' }];
    expect(chooseWatched(listed, names)).toEqual([]);
  });

  it('together with the other containers of its service, each by its id', () => {
    const listed = ['1', '2'].map((n) => ({ Id: n, Names: [`/stack-gateway-wrapper-${n}`], Labels: compose('gateway-wrapper'), State: 'running' }));
    expect(chooseWatched(listed, names).map((c) => [c.id, c.name, c.containerName])).toEqual([['1', 'gateway-wrapper', 'stack-gateway-wrapper-1'], ['2', 'gateway-wrapper', 'stack-gateway-wrapper-2']]);
  });
});

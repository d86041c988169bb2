import Dockerode from 'dockerode';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../sidecar/clock.ts';
import { Engine } from '../../sidecar/watch/engine.ts';
import { SocketView } from '../../sidecar/watch/socket-view.ts';

const START = 1_772_000_000_000;

/** A docker client whose every call fails like that. */
function failing(error: object): Engine {
  const docker = new Dockerode({ socketPath: '/nowhere' });
  docker.modem.dial = (_options, callback) => callback!(Object.assign(new Error('it failed'), error), null);
  return new Engine(docker);
}

async function faultOf(error: object): Promise<unknown> {
  return failing(error).list().then(() => null, (fault: unknown) => fault);
}

function view() {
  const clock = new VirtualClock(START);
  const told: string[] = [];
  return { clock, told, socket: new SocketView(clock, (level, message) => told.push(`${level}: ${message}`)) };
}

describe('the engine\'s socket', () => {
  it('without permission is said once, with what to do, and shown', async () => {
    const { told, socket } = view();
    const fault = await faultOf({ code: 'EACCES' });
    socket.saw(fault);
    socket.saw(fault);
    expect(told).toEqual([expect.stringMatching(/^error: no right to open the Docker socket.*group_add/)]);
    expect(socket.health()).toMatchObject({ reachable: false, since: START, exitAdvised: false });
    socket.saw(null);
    expect(told.at(-1)).toContain('answers again');
    expect(socket.health()).toEqual({ reachable: true, saw: null, since: null, exitAdvised: false });
  });

  it.each(['ENOENT', 'ECONNREFUSED'])('that is dead for a minute (%s) advises to exit: only a new mount helps', async (code) => {
    const { clock, socket } = view();
    const fault = await faultOf({ code });
    socket.saw(fault);
    await clock.moveTo(START + 59_999);
    socket.saw(fault);
    expect(socket.health().exitAdvised).toBe(false);
    await clock.moveTo(START + 60_000);
    expect(socket.health().exitAdvised).toBe(true);
  });

  it('that breaks once and works again is nobody\'s business', async () => {
    const { told, socket } = view();
    socket.saw(await faultOf({ code: 'ECONNRESET' }));
    socket.saw(null);
    expect(told).toEqual([]);
  });

  it('behind a proxy that forbids a request says which requests are needed', async () => {
    expect(await faultOf({ statusCode: 403 })).toMatchObject({ fault: 'refused', message: expect.stringContaining('containers/*/logs') });
  });

  it.each([
    [404, 'No such container: 4f1a'], [409, 'can not get logs from container which is dead or marked for removal'], [501, 'configured logging driver does not support reading'],
  ])('is well when it says of one container that it goes (%i %s)', async (statusCode, message) => {
    const { told, socket } = view();
    socket.saw(await faultOf({ code: 'ECONNREFUSED' }));
    socket.saw(await faultOf({ statusCode, message }));
    expect(socket.health().reachable).toBe(true);
    expect(told).toEqual([expect.stringContaining('cannot be reached'), expect.stringContaining('answers again')]);
  });

  it.each(['ENOTFOUND', 'EAI_AGAIN'])('behind a proxy whose name is not known while it is away (%s) is unreachable', async (code) => {
    expect(await faultOf({ code })).toMatchObject({ fault: 'unreachable', message: expect.stringContaining('check DOCKER_HOST') });
  });

  it('a proxy\'s 404 does not mean that a container is gone', async () => {
    expect(await faultOf({ statusCode: 404 })).toMatchObject({ fault: 'other' });
  });
});

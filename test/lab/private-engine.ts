import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { Dockerd } from './bring-up/dockerd.ts';
import { BUSYBOX_IMAGE } from './bring-up/images.ts';
import { LAB_HOME } from './bring-up/places.ts';
import { must, run } from './bring-up/shell.ts';
import { testSocket } from './engine.ts';

export interface PrivateEngineOptions {
  /** Further dockerd flags, such as `--live-restore` or `--log-opt=max-size=1m`. */
  flags?: readonly string[];
  /** Images copied over from the test engine; by default a shell in 2 MB. */
  images?: readonly string[];
}

/**
 * An engine of the test's own that may be stopped and killed. It has a network of its own without a bridge (seen on
 * 20.10: a second engine takes `docker0` away from the first, with `--bridge=none` too): containers run with
 * `NetworkMode: 'none'` or `'host'`.
 */
export interface PrivateEngine {
  socket: string;
  dataRoot: string;
  docker: Docker;
  pid(): number | null;
  /** Ends it at once; containers with `--live-restore`, containerd and shims live on. */
  kill(): Promise<void>;
  /** Ends it in order. */
  term(): Promise<void>;
  /** Starts it on the same data. */
  start(): Promise<void>;
  /** Removes every container, ends it and leaves nothing behind. */
  destroy(): Promise<void>;
}

export async function startPrivateEngine({ flags = [], images = [BUSYBOX_IMAGE] }: PrivateEngineOptions = {}): Promise<PrivateEngine> {
  if (process.getuid?.() !== 0) throw new Error('a private engine needs root: run the tests as root');
  mkdirSync(LAB_HOME, { recursive: true });
  // The name stays short: the socket's path has 108 bytes, containerd's own below it is longer than ours.
  const home = mkdtempSync(join(LAB_HOME, 'pe-'));
  const dockerd = new Dockerd({
    socket: join(home, 'docker.sock'),
    dataRoot: join(home, 'data'),
    execRoot: join(home, 'exec'),
    pidFile: join(home, 'dockerd.pid'),
    logFile: join(home, 'dockerd.log'),
    flags: ['--bridge=none', '--iptables=false', ...flags],
    apart: true,
  });
  const { socket, dataRoot } = dockerd.place;
  const engine: PrivateEngine = {
    socket,
    dataRoot,
    docker: new Docker({ socketPath: socket }),
    pid: () => dockerd.pid(),
    kill: async () => {
      if (!(await dockerd.end('SIGKILL'))) throw new Error('the private engine survived SIGKILL');
    },
    term: async () => {
      if (!(await dockerd.end('SIGTERM'))) throw new Error('the private engine did not end within 30 s of SIGTERM');
    },
    start: () => dockerd.start(),
    destroy: () => destroy(engine, dockerd, home),
  };
  try {
    await engine.start();
    for (const image of images) await copyImage(image, socket);
  } catch (error) {
    await engine.destroy();
    throw error;
  }
  return engine;
}

const copyImage = (image: string, socket: string) =>
  must('sh', ['-c', 'docker -H "unix://$1" save "$3" | docker -H "unix://$2" load', 'sh', testSocket(), socket, image]);

async function destroy(engine: PrivateEngine, dockerd: Dockerd, home: string): Promise<void> {
  // Containers of a killed engine live on: only an engine on the same data can end them.
  if (engine.pid() === null) await engine.start().catch(() => {});
  if (engine.pid() !== null) {
    const containers = await engine.docker.listContainers({ all: true });
    await Promise.all(containers.map(({ Id }) => engine.docker.getContainer(Id).remove({ force: true, v: true })));
    await dockerd.stop();
  }
  for (const pid of processesNaming(home)) process.kill(pid, 'SIGKILL');
  for (const mount of mountsBelow(home)) await run('umount', ['-l', mount]);
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** containerd and shims carry the engine's folder in their command line; nobody else does. */
function processesNaming(folder: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return pid !== process.pid && /^[^\0]*(containerd|dockerd)/.test(commandLine(pid)) && commandLine(pid).includes(folder);
    } catch {
      return false;
    }
  });
}

const commandLine = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8');

/** Deepest first, so that each can be unmounted. */
const mountsBelow = (folder: string) =>
  readFileSync('/proc/mounts', 'utf8').split('\n').map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${folder}/`)).sort().reverse();

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Dockerode from 'dockerode';

/**
 * A Docker engine of our own, to be stopped and killed: own data, own socket, own network namespace (outside of one,
 * `--bridge=none` deletes the `docker0` of the machine's engine; seen on 20.10). Its containers live on while it is
 * away (live-restore), so it gets a containerd of its own too: the one an engine starts for itself may not come back.
 */
export class PrivateEngine {
  readonly socketPath: string;
  readonly docker: Dockerode;
  readonly #folder: string;
  #process: ChildProcess | null = null;
  #containerd: ChildProcess | null = null;

  constructor(folder: string) {
    this.#folder = folder;
    this.socketPath = join(folder, 'engine.sock');
    this.docker = new Dockerode({ socketPath: this.socketPath });
    mkdirSync(folder, { recursive: true });
  }

  get host(): string {
    return `unix://${this.socketPath}`;
  }

  async start(): Promise<void> {
    this.#containerd ??= await this.#startContainerd();
    rmSync(join(this.#folder, 'pid'), { force: true });
    this.#process = this.#spawn('unshare', [
      '--net', 'dockerd', '--data-root', join(this.#folder, 'data'), '--exec-root', join(this.#folder, 'exec'), '--pidfile', join(this.#folder, 'pid'),
      '--containerd', this.#containerdSocket, '-H', this.host, '--bridge=none', '--iptables=false', '--ip6tables=false', '--live-restore',
    ]);
    await this.#ready(this.#process, () => this.docker.ping().then(() => true, () => false));
  }

  get #containerdSocket(): string {
    return join(this.#folder, 'containerd.sock');
  }

  async #startContainerd(): Promise<ChildProcess> {
    const config = join(this.#folder, 'containerd.toml');
    writeFileSync(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
    const containerd = this.#spawn('containerd', ['--config', config, '--root', join(this.#folder, 'containerd'), '--state', join(this.#folder, 'containerd-state'), '--address', this.#containerdSocket]);
    await this.#ready(containerd, async () => existsSync(this.#containerdSocket));
    return containerd;
  }

  #spawn(command: string, args: string[]): ChildProcess {
    const log = openSync(join(this.#folder, 'engine.log'), 'a');
    const child = spawn(command, args, { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    return child;
  }

  async #ready(child: ChildProcess, answers: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 600 && child.exitCode === null && child.signalCode === null; tries++) {
      if (await answers()) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${child.spawnfile} did not start: ${readFileSync(join(this.#folder, 'engine.log'), 'utf8').slice(-2_000)}`);
  }

  /** `SIGTERM` ends in order, `SIGKILL` does not. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await ended(this.#process, signal);
    this.#process = null;
  }

  /** The container's own log files, oldest first. */
  logFiles(id: string): string[] {
    const folder = join(this.#folder, 'data', 'containers', id);
    const name = `${id}-json.log`;
    const numbered = readdirSync(folder).filter((file) => file.startsWith(`${name}.`)).sort((a, b) => Number(b.slice(name.length + 1)) - Number(a.slice(name.length + 1)));
    return [...numbered, name].map((file) => join(folder, file)).filter((file) => existsSync(file));
  }

  /** Removes every container, ends the engine and its containerd, deletes its data. */
  async dispose(): Promise<void> {
    if (!this.#process || this.#process.exitCode !== null) await this.start();
    for (const container of await this.docker.listContainers({ all: true })) await this.docker.getContainer(container.Id).remove({ force: true });
    await this.end('SIGTERM');
    await ended(this.#containerd, 'SIGTERM');
    const mounts = readFileSync('/proc/mounts', 'utf8').split('\n').map((line) => line.split(' ')[1] ?? '');
    for (const mount of mounts.filter((path) => path.startsWith(`${this.#folder}/`)).reverse()) execFileSync('umount', ['-l', mount]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function ended(child: ChildProcess | null, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exit;
}

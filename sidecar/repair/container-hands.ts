import { PassThrough, type Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { serviceOf } from '../watch/containers.ts';

export interface ContainerProcess {
  pid: number;
  args: string[];
  /** The pid is the host's, of no use inside the container: `exec` was not to be had, only `top`. */
  onHost?: true;
}

/** The two things a repair may do inside a gateway's container: look at its processes, and end one of them. */
export interface ContainerHands {
  /** Empty for a container that does not run. Rejects when the list may not be read. `container` is the watched name. */
  processes(container: string): Promise<ContainerProcess[]>;
  end(container: string, pid: number, signal: 'TERM' | 'KILL'): Promise<void>;
}

/** A look and a kill take milliseconds; an engine that needs longer is not to be waited for in the middle of a repair. */
const EXEC_DEADLINE_MS = 10_000;

/** Every process with its arguments exactly as it got them. `/proc/<pid>/cmdline` separates by NUL; a line feed in between would not. */
const LIST = 'for d in /proc/[0-9]*; do printf "%s\\0" "${d#/proc/}"; cat "$d/cmdline"; printf "\\0\\n\\0"; done 2>/dev/null; true';

/** Over the engine: `exec` for exact arguments and pids of the container's own; `top` where exec is not allowed. */
export class DockerHands implements ContainerHands {
  readonly #docker: Dockerode;
  readonly #project: string | null;
  /** With `project` only services of that Compose project are ours: two stacks on one host have the same ones. */
  constructor(docker: Dockerode, project: string | null = null) {
    this.#docker = docker;
    this.#project = project;
  }

  async processes(container: string): Promise<ContainerProcess[]> {
    const id = await this.#running(container);
    if (id === null) return [];
    try {
      return parseList((await this.#exec(id, ['sh', '-c', LIST])).output);
    } catch (error) {
      return this.#top(id).catch(() => {
        throw error;
      });
    }
  }

  async end(container: string, pid: number, signal: 'TERM' | 'KILL'): Promise<void> {
    const id = await this.#running(container);
    if (id === null) return;
    const { exitCode } = await this.#exec(id, ['sh', '-c', 'kill -"$1" "$2" 2>/dev/null || [ ! -e "/proc/$2" ]', 'sh', signal, String(pid)]);
    if (exitCode !== 0) throw new Error(`kill -${signal} ${pid} in ${container} was refused`);
  }

  /** The one running container of that Compose service, or else of that name. Several of a service cannot be told apart. */
  async #running(container: string): Promise<string | null> {
    const found = (await this.#docker.listContainers()).filter((one) => serviceOf(one.Labels, this.#project) === container);
    if (found.length > 1) throw new Error(`${found.length} containers run as ${container}, so the one with this session's browser is not known`);
    if (found[0]) return found[0].Id;
    try {
      const { Id, State } = await this.#docker.getContainer(container).inspect();
      return State.Running ? Id : null;
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode === 404) throw new Error(`there is no container ${container}`, { cause: error });
      throw error;
    }
  }

  async #top(id: string): Promise<ContainerProcess[]> {
    const table = (await this.#docker.getContainer(id).top({ ps_args: '-eo pid,args' })) as { Processes: string[][] };
    return table.Processes.map(([pid, command]) => ({ pid: Number(pid), args: splitArguments(command ?? ''), onHost: true as const }));
  }

  async #exec(id: string, command: string[]): Promise<{ output: Buffer; exitCode: number | null }> {
    const deadline = AbortSignal.timeout(EXEC_DEADLINE_MS);
    const exec = await this.#docker.getContainer(id).exec({ Cmd: command, AttachStdout: true, AttachStderr: false, Tty: false, abortSignal: deadline });
    const stream = (await exec.start({ hijack: false, stdin: false, abortSignal: deadline } as never)) as unknown as Readable;
    const pieces: Buffer[] = [];
    for await (const piece of stream.pipe(new PassThrough())) pieces.push(piece as Buffer);
    return { output: withoutFrames(Buffer.concat(pieces)), exitCode: (await exec.inspect()).ExitCode };
  }
}

/** The engine wraps output in frames: one byte of stream, three of nothing, four of length. */
function withoutFrames(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const end = at + 8 + bytes.readUInt32BE(at + 4);
    parts.push(bytes.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(parts);
}

export function parseList(output: Buffer): ContainerProcess[] {
  const records = output.toString('utf8').split('\0\n\0');
  return records.flatMap((record) => {
    const [pid, ...args] = record.split('\0');
    return /^\d+$/.test(pid ?? '') ? [{ pid: Number(pid), args: args.filter((arg) => arg !== '') }] : [];
  });
}

/** `top` joins arguments by spaces: a new one begins at ` --`, so that names with spaces stay whole. */
export function splitArguments(command: string): string[] {
  return command.split(/ (?=--)/).flatMap((part) => (part.endsWith(' about:blank') ? [part.slice(0, -' about:blank'.length), 'about:blank'] : [part]));
}

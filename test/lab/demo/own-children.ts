import { readdir, readFile } from 'node:fs/promises';
import type { ContainerHands, ContainerProcess } from '../../../sidecar/repair/container-hands.ts';

/**
 * Our own children instead of a container's processes, and nobody else's: a real browser of this machine may have the
 * same `--user-data-dir` as one of the demo's sessions.
 */
export const ownChildren: ContainerHands = {
  async processes() {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    const found = await Promise.all(pids.map(async (pid) => ((await isOurChild(pid)) ? processOf(pid) : null)));
    return found.filter((one) => one !== null);
  },
  async end(_, pid, signal) {
    if (await isOurChild(pid)) process.kill(pid, `SIG${signal}`);
  },
};

/** `<pid> (<name>) <state> <parent> ...`; the name may hold anything. */
async function isOurChild(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''); // it ended meanwhile
  return Number(stat.slice(stat.lastIndexOf(')') + 1).trim().split(' ')[1]) === process.pid;
}

async function processOf(pid: number): Promise<ContainerProcess | null> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''); // it ended meanwhile; empty for one that nobody buried
  return line === '' ? null : { pid, args: line.split('\0').filter((arg) => arg !== '') };
}

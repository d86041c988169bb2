import { readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../../../.ci/lock.mjs';
import { must } from '../bring-up/shell.ts';
import { EMBEDDED } from './embedded.ts';
import { NAME } from './stage.ts';

const LEFT = new RegExp(`^(${EMBEDDED}|${NAME})-(\\d+)-`);

/** Removes what demos left that were killed: their folder tells their pid. `socket`: the engine that is in reach, if any. */
export async function removeLeftovers(socket: string | null, say: (line: string) => void): Promise<void> {
  for (const folder of readdirSync(tmpdir())) {
    const [, kind, pid] = LEFT.exec(folder) ?? [];
    if (kind === undefined || isAlive(Number(pid))) continue;
    const hasContainers = kind === NAME;
    if (hasContainers && socket === null) continue; // the next demo that reaches that engine removes both
    say(`removing what a demo that was cut off left behind (${join(tmpdir(), folder)}${hasContainers ? ' and its containers' : ''})`);
    if (hasContainers) await must('docker', ['compose', '-p', `${NAME}-${pid}`, 'down', '-v', '--remove-orphans', '-t', '1'], { env: { DOCKER_HOST: `unix://${socket}` } });
    rmSync(join(tmpdir(), folder), { recursive: true, force: true });
  }
}

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../../.ci/lock.mjs';
import { LAB_RUN } from './places.ts';

const USERS = join(LAB_RUN, 'users');

/** Notes that this process uses the lab's own engine, so that another run does not end it under us. */
export function enlist(): void {
  mkdirSync(USERS, { recursive: true });
  writeFileSync(join(USERS, String(process.pid)), '');
}

/** Strikes this process off; the last one out ends the engine. Whoever was killed does not count. */
export async function leave(lastOneOut: () => Promise<void>): Promise<void> {
  rmSync(join(USERS, String(process.pid)), { force: true });
  const others = readdirSync(USERS).filter((pid) => isAlive(Number(pid)));
  if (others.length === 0) await lastOneOut();
}

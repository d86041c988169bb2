import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

const LOOK_AGAIN_MS = 200;
/** Longer than any installation or image takes on a slow line: then the holder hangs, and a person must look. */
const GIVE_UP_MS = 20 * 60_000;

/** Runs `work` while holding the lock file, which names the holder's pid. The lock of a dead process is taken over. */
export async function withLock(path, say, work) {
  await take(path, say);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

async function take(path, say) {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, `${process.pid}\n`);
  try {
    const until = Date.now() + GIVE_UP_MS;
    for (let told = false; !linked(mine, path); ) {
      const holder = pidIn(path);
      if (holder !== null && !isAlive(holder)) {
        bury(path, holder);
        continue;
      }
      if (!told && holder !== null) say(`waiting for process ${holder}, which is doing the same (${path})`);
      told ||= holder !== null;
      if (Date.now() > until) throw new Error(`process ${holder} holds ${path} for 20 minutes: end it, or remove that file`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** A link is made whole or not at all: nobody ever reads a lock without its pid. */
function linked(mine, path) {
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Takes a dead holder's lock away; one that somebody took in the meantime is put back. */
function bury(path, holder) {
  const grave = `${path}.dead.${process.pid}`;
  try {
    renameSync(path, grave);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (pidIn(grave) !== holder) linked(grave, path);
  rmSync(grave, { force: true });
}

function pidIn(path) {
  try {
    return Number(readFileSync(path, 'utf8')) || null;
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LAB_HOME } from './places.ts';
import { must, run, which, type Say } from './shell.ts';

/** The program and those of its libraries that a minimal Debian does not have (bookworm: haproxy 2.6.12). */
const PACKAGES = ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'];

/**
 * The path of a haproxy to start. Taken out of its package instead of installed, because the package also starts a
 * service. Throws when it cannot be had, and says why.
 */
export async function ensureHaproxy(say: Say): Promise<string> {
  const installed = which('haproxy');
  if (installed) return installed;
  const own = join(LAB_HOME, 'bin/haproxy');
  if (existsSync(own)) return own;
  if (!which('apt-get') || process.getuid?.() !== 0) throw new Error('no haproxy on this machine, and only root on a Debian can fetch it: install haproxy');
  say(`fetching ${PACKAGES[0]} (apt-get, into ${LAB_HOME})`);
  await unpack(join(LAB_HOME, 'haproxy'));
  mkdirSync(dirname(own), { recursive: true });
  writeFileSync(`${own}.new`, starter(join(LAB_HOME, 'haproxy')));
  chmodSync(`${own}.new`, 0o755);
  await must(`${own}.new`, ['-v']);
  renameSync(`${own}.new`, own);
  return own;
}

async function unpack(into: string): Promise<void> {
  mkdirSync(LAB_HOME, { recursive: true });
  const work = mkdtempSync(join(LAB_HOME, 'haproxy-'));
  try {
    // The folder is root's own: apt's unprivileged download user could not write there.
    const download = ['-o', 'APT::Sandbox::User=root', 'download', '-q', ...PACKAGES];
    if ((await run('apt-get', download, { cwd: work })).code !== 0) {
      await must('apt-get', ['update', '-q']);
      await must('apt-get', download, { cwd: work });
    }
    for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) await must('dpkg', ['-x', join(work, file), join(work, 'root')]);
    rmSync(into, { recursive: true, force: true });
    renameSync(join(work, 'root'), into);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Ends as the program itself: a signal to it reaches haproxy. */
const starter = (root: string): string => `#!/bin/sh
LD_LIBRARY_PATH=$(echo ${root}/usr/lib/*-linux-gnu) exec ${root}/usr/sbin/haproxy "$@"
`;

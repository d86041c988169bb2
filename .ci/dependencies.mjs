import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';

/** Written as the last act of an installation: without it, node_modules is somebody's interrupted attempt. */
const STAMP = 'node_modules/.auto-fix-installed';

/** Installs what package-lock.json names, unless it is there already. Two at once: the second waits for the first. */
export async function ensureDependencies(root, say) {
  if (isInstalled(root)) return;
  mkdirSync(join(root, '.lab'), { recursive: true });
  await withLock(join(root, '.lab/npm-ci.lock'), say, () => {
    if (isInstalled(root)) return;
    if (!wholeByNpm(root)) install(root, say);
    writeFileSync(join(root, STAMP), `${lockHash(root)}\n`);
  });
}

function install(root, say) {
  say('installing the dependencies (npm ci, once)');
  // npm's own stdout goes to our stderr. Scripts of packages are not run: none of ours needs one. Its warnings are about the
  // Node that runs it, which may be older than the one it is about to bring.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-progress', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (npm.error) throw new Error(`npm could not be started (${npm.error.message}): install npm beside Node`);
  if (npm.status !== 0) throw new Error('npm ci failed, its own words stand above: see that the npm registry is in reach, then run the same command again');
}

/** The lock file is the one installed from, and no package it names has gone since. */
export function isInstalled(root) {
  const stamp = join(root, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === lockHash(root) && namedPackages(root).every((path) => existsSync(join(root, path, 'package.json')));
}

/** True for an installation somebody made by hand with npm: its own record, the last thing it writes, agrees with ours. */
export function wholeByNpm(root) {
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  const wanted = lockedPackages(root);
  return namedPackages(root).every((path) => installed[path]?.version === wanted[path].version && existsSync(join(root, path, 'package.json')));
}

/** Packages that must be there on every machine; optional ones depend on its platform. */
function namedPackages(root) {
  return Object.entries(lockedPackages(root)).filter(([path, entry]) => path !== '' && !entry.optional && !entry.devOptional).map(([path]) => path);
}

const lockedPackages = (root) => JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;

function lockHash(root) {
  const platform = `${process.platform}-${process.arch}`;
  return createHash('sha256').update(platform).update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
}

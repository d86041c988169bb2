import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** TypeScript as it is, `node:sqlite` and zstd are all there, without flags, from this version on. */
const WANTED = 24;

/** The Node 24 to run on: this one, or the one among the optional dependencies. Throws when there is none. */
export function findNode24(root) {
  if (Number(process.versions.node.split('.')[0]) >= WANTED) return process.execPath;
  const packed = join(root, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (existsSync(packed)) return packed;
  throw new Error(
    `Node ${WANTED} is needed, this is ${process.version}, and its package for ${process.platform}-${process.arch} is not installed: `
    + 'install Node 24, or run npm ci without --omit=optional',
  );
}

/** What Node is given: `FILE args…`, or for `--bin NAME args…` the file behind node_modules/.bin/NAME. */
export function commandLine(root, args) {
  const [first, ...rest] = args;
  // A warning about an experimental feature is noise for whoever reads the program's output.
  const quiet = '--disable-warning=ExperimentalWarning';
  if (first === undefined) throw new Error('usage: node .ci/with-node24.mjs FILE.ts [args…] | --bin NAME [args…]');
  if (first !== '--bin') return [quiet, join(root, first), ...rest];
  const [name, ...toolArgs] = rest;
  const tool = join(root, 'node_modules/.bin', name ?? '');
  if (!name || !existsSync(tool)) throw new Error(`node_modules has no tool ${name}: run npm ci`);
  return [quiet, realpathSync(tool), ...toolArgs];
}
